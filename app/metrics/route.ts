export { respondToMetrics as GET } from "@/lib/web/metrics";
