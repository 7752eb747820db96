import { describe, expect, it } from "vitest";
import { flowFor, flowsOf } from "./operation";
import { operations, readAuthJsSession } from "./operations";

const all = [...operations, readAuthJsSession];
const byId = (id: string) => all.find(({ operationId }) => operationId === id)!;

describe("the table of operations", () => {
  it("has one operation for a method of a path, and one for an id", () => {
    const places = all.map(({ method, path }) => `${method} ${path}`);
    expect(new Set(places).size).toBe(all.length);
    expect(new Set(all.map(({ operationId }) => operationId)).size).toBe(all.length);
  });

  it.each(all)("returns a body from $operationId exactly when the status has one", (operation) => {
    const { status, output } = operation;
    expect(output !== undefined).toBe(status === 200 || status === 201);
  });

  it.each(all)(
    "changes nothing by GET, and never only reads by PUT or DELETE: $operationId",
    (operation) => {
      for (const { kind } of flowsOf(operation)) {
        if (operation.method === "GET") expect(kind).toBe("read");
        if (operation.method === "PUT" || operation.method === "DELETE") expect(kind).toBe("write");
      }
    },
  );
});

describe("the body decides which flow runs", () => {
  it.each([
    ["signIn", { token: "" }, "magic_link.redeem"],
    ["signIn", { email: "", code: "" }, "email_code.redeem"],
    ["signIn", { email: "", password: "" }, "password.sign_in"],
    ["signIn", { code: "", password: "" }, "password.sign_in"],
    ["signIn", {}, "magic_link.redeem"],
    ["signIn", null, "magic_link.redeem"],
    ["signIn", "password", "magic_link.redeem"],
    ["signIn", ["password"], "magic_link.redeem"],
    ["stepUp", { token: "" }, "step_up.link"],
    ["stepUp", { code: "" }, "step_up.code"],
    ["stepUp", { password: "" }, "step_up.password"],
    ["redeemPasswordReset", { token: "", password: "" }, "password_reset.redeem"],
    ["redeemPasswordReset", { email: "", code: "" }, "password_reset.redeem_code"],
  ])("%s with %j runs %s", (id, body, flow) => {
    expect(flowFor(byId(id), body).name).toBe(flow);
  });
});
