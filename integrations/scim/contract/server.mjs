// A SCIM 2.0 server that is not ours, for recording how the driver gets on with
// it: SCIMMY behind its own routers, with people and groups in memory.
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const port = Number(process.argv[2] ?? 8460);
const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const person = (id, name, number, roles) => ({
    id, userName: `${name}@acme.example`, active: true, externalId: `x-${number}`, displayName: name,
    emails: [{value: `${name}@acme.example`, type: "work", primary: true}], [enterprise]: {employeeNumber: number},
    ...(roles ? {roles: roles.map(value => ({value, display: `The ${value}`})), entitlements: [{value: "pro"}]} : {}),
});
const store = {
    User: [person("u-canary", "canary", "9001"), person("u-ada", "ada", "17", ["admin"]), person("u-kim", "kim", "23", ["admin", "editor"]), person("u-lee", "lee", "24", ["admin"])],
    Group: [
        {id: "g-base", displayName: "base", members: [{value: "u-canary"}, {value: "u-kim"}]},
        {id: "g-ops", displayName: "ops", members: [{value: "u-ada"}, {value: "u-kim"}]},
        {id: "g-other", displayName: "other", members: [{value: "u-ada"}]},
    ],
};
const plain = v => JSON.parse(JSON.stringify(v));
const handlers = kind => ({
    egress: resource => resource.id ? store[kind].find(r => r.id === resource.id) ?? notFound(resource.id) : structuredClone(store[kind]),
    ingress: (resource, data) => {
        const fresh = plain(data), at = store[kind].findIndex(r => r.id === resource.id);
        delete fresh.meta; delete fresh.schemas; delete fresh.groups;
        fresh.id = resource.id ?? `new-${store[kind].length}`;
        at < 0 ? store[kind].push(fresh) : store[kind][at] = fresh;
        return structuredClone(fresh);
    },
    degress: resource => { store[kind] = store[kind].filter(r => r.id !== resource.id); },
});
function notFound(id) { throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`); }

SCIMMY.Resources.declare(SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false), handlers("User"));
SCIMMY.Resources.declare(SCIMMY.Resources.Group, handlers("Group"));
const app = express();
app.use("/scim/v2", new SCIMMYRouters({type: "bearer", handler: request => {
    if (!request.header("Authorization")?.startsWith("Bearer ")) throw new Error("no token");
    return "bot";
}}));
app.listen(port, "127.0.0.1", () => console.log(`listening on ${port}`));
