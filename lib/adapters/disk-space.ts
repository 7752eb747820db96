import type { StatsFs } from "node:fs";
import { statfs } from "node:fs/promises";
import { bounds } from "@/lib/core/policy";

const freeBytes = ({ bavail, bsize }: StatsFs) => bavail * bsize;

/** The space of the file system with a directory. Rejects where it cannot be read. */
export const readDiskSpace = (directory: string): Promise<StatsFs> => statfs(directory);

/** Some file systems have no fixed number of inodes, and report none. */
export const hasFreeSpace = (disk: StatsFs): boolean =>
  freeBytes(disk) >= bounds.freeDiskBytes && !(disk.files > 0 && disk.ffree < bounds.freeInodes);

/** Whether nothing can be written any more. */
export const isFull = (disk: StatsFs): boolean => freeBytes(disk) < bounds.fullDiskBytes;

/** Its free space in whole megabytes. */
export const freeMegabytes = (disk: StatsFs): number => Math.floor(freeBytes(disk) / 1024 / 1024);
