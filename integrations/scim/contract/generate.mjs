// Writes what SCIMMY and scim-patch, two implementations that are not ours, say
// about schemas, patches and filters. The fake is held to it by its tests.
import {mkdirSync, writeFileSync} from "node:fs";
import SCIMMY from "scimmy";
import {scimPatch} from "scim-patch";
import {filter as compiled, parse} from "scim2-parse-filter";

const out = new URL("../scimtest/testdata/", import.meta.url);
mkdirSync(out, {recursive: true});
const write = (name, value) => writeFileSync(new URL(name, out), JSON.stringify(value, null, 1) + "\n");

const made = {made_by: "integrations/scim/contract", with: "scimmy 1.3.5 (MIT), scim-patch 0.8.3 (Unlicense), scim2-parse-filter 0.2.10 (Unlicense)"};
const {User, Group, EnterpriseUser} = SCIMMY.Schemas;
User.extend(EnterpriseUser);

const bare = ({name, type, multiValued, mutability, returned, caseExact, subAttributes}) => ({
    name, type, multiValued: !!multiValued, mutability, returned, ...(caseExact ? {caseExact} : {}),
    ...(subAttributes ? {subAttributes: subAttributes.map(bare)} : {}),
});
write("schemas.json", {...made, schemas: [User, EnterpriseUser, Group].map(s => ({id: s.definition.id, attributes: JSON.parse(JSON.stringify(s.definition.describe())).attributes.map(bare)}))});

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const kim = {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User", enterprise], id: "u1", userName: "kim@acme.example", active: true,
    name: {givenName: "Kim", familyName: "Gone"},
    emails: [{value: "kim@acme.example", type: "work"}, {value: "kim@home.example", type: "home"}],
    roles: [{value: "admin", display: "Admin"}, {value: "editor"}],
    entitlements: [{value: "pro"}],
    [enterprise]: {employeeNumber: "23", department: "Tours"},
};
const club = {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"], id: "g1", displayName: "ops",
    members: [{value: "u1", display: "Kim"}, {value: "u2", display: "Lee"}],
};
const patches = [
    ["User", {op: "replace", path: "active", value: false}],
    ["User", {op: "replace", value: {active: false}}],
    ["User", {op: "Replace", path: "ACTIVE", value: false}],
    ["User", {op: "add", path: "active", value: false}],
    ["User", {op: "remove", path: "roles[value eq \"admin\"]"}],
    ["User", {op: "remove", path: "roles[value eq \"nobody\"]"}],
    ["User", {op: "remove", path: "roles"}],
    ["User", {op: "remove", path: "entitlements[value eq \"pro\"]"}],
    ["User", {op: "replace", path: "roles", value: [{value: "editor"}]}],
    ["User", {op: "replace", path: "roles", value: []}],
    ["User", {op: "replace", value: {roles: [{value: "editor"}]}}],
    ["User", {op: "add", path: "roles", value: [{value: "guest", display: "Guest"}]}],
    ["User", {op: "add", path: "roles", value: [{value: "admin", display: "Admin"}]}],
    ["User", {op: "add", value: {roles: [{value: "guest"}]}}],
    ["User", {op: "replace", path: "emails[type eq \"work\"].value", value: "kim@new.example"}],
    ["User", {op: "replace", path: "name.familyName", value: "Gone-Again"}],
    ["User", {op: "replace", path: "name", value: {givenName: "K"}}],
    ["User", {op: "replace", path: enterprise + ":department", value: "None"}],
    ["User", {op: "remove", path: enterprise + ":department"}],
    ["User", {op: "remove", path: "emails[type eq \"work\" and value co \"acme\"]"}],
    ["Group", {op: "remove", path: "members[value eq \"u1\"]"}],
    ["Group", {op: "remove", path: "members[value eq \"u9\"]"}],
    ["Group", {op: "remove", path: "members"}],
    ["Group", {op: "add", path: "members", value: [{value: "u3"}]}],
    ["Group", {op: "add", path: "members", value: {value: "u3"}}],
    ["Group", {op: "add", path: "members", value: [{value: "u1", display: "Kim"}]}],
    ["Group", {op: "replace", path: "members", value: [{value: "u2", display: "Lee"}]}],
    ["Group", {op: "replace", path: "displayName", value: "ops-2"}],
    ["User", {op: "replace", path: "active", value: "False"}],
    ["User", {op: "replace", path: "id", value: "u7"}],
    ["User", {op: "remove"}],
    ["User", {op: "move", path: "active", value: false}],
    ["User", {op: "remove", path: "roles[value eq"}],
    ["User", {op: "replace", path: "emails[type eq \"other\"].value", value: "x@acme.example"}],
];
// Empty lists and empty objects are the same as nothing (RFC 7643 section 2.5).
const settled = v => Array.isArray(v) ? v.map(settled) : v && typeof v === "object"
    ? Object.fromEntries(Object.entries(v).filter(([k, x]) => k !== "meta" && x !== undefined && !(Array.isArray(x) && !x.length)).map(([k, x]) => [k, settled(x)]).sort(([a], [b]) => a < b ? -1 : 1)) : v;
const plain = v => settled(JSON.parse(JSON.stringify(v)));
async function scimmy(kind, op) {
    const Schema = kind === "User" ? User : Group, before = structuredClone(kind === "User" ? kim : club);
    try {
        const instance = new Schema(before, "out");
        const result = await new SCIMMY.Messages.PatchOp({schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations: [op]}).apply(instance, x => x);
        return {after: plain({...(result ?? instance), id: before.id})};
    } catch (e) { return {refused: e.scimType ?? String(e.message)}; }
}
function second(kind, op) {
    try { return {after: plain(scimPatch(structuredClone(kind === "User" ? kim : club), [structuredClone(op)]))}; }
    catch (e) { return {refused: e.scimCode ?? String(e.message)}; }
}
const cases = [];
for (const [kind, op] of patches) {
    const one = await scimmy(kind, op), two = second(kind, op);
    cases.push({kind, op, scimmy: one, scim_patch: two, agree: JSON.stringify(one.after ?? "refused") === JSON.stringify(two.after ?? "refused")});
}
write("patches.json", {...made, User: plain(kim), Group: plain(club), cases});

const people = [kim, {...kim, id: "u2", userName: "Lee@acme.example", active: false, emails: [{value: "lee@acme.example", type: "work"}], roles: undefined, [enterprise]: {employeeNumber: "24"}}, {...kim, id: "U1", userName: "ada", emails: undefined, externalId: "Ext-1"}].map(plain);
const filters = [
    "userName eq \"kim@acme.example\"", "userName eq \"KIM@ACME.EXAMPLE\"", "username eq \"lee@acme.example\"", "userName sw \"k\"", "userName co \"acme\"", "userName ew \".example\"",
    "emails.value eq \"lee@acme.example\"", "emails[type eq \"work\" and value co \"acme\"]", "emails pr", "not (emails pr)", "active eq false", "active eq true",
    "userName sw \"k\" or active eq false", "userName co \"acme\" and active eq true", "(userName sw \"k\" or userName sw \"l\") and active eq false",
    "roles.value eq \"editor\"", "userName ne \"ada\"", enterprise + ":employeeNumber eq \"24\"",
];
const ids = pick => { try { return pick().map(p => p.id); } catch (e) { return {refused: String(e.message)}; } };
const answers = filters.map(filter => ({
    filter, scimmy: ids(() => new SCIMMY.Types.Filter(filter).match(structuredClone(people))), scim2_parse_filter: ids(() => people.filter(compiled(parse(filter)))),
}));
write("filters.json", {...made, people, cases: answers});
for (const a of answers) console.log(JSON.stringify(a.scimmy) === JSON.stringify(a.scim2_parse_filter) ? "  " : "! ", a.filter, JSON.stringify(a.scimmy), "|", JSON.stringify(a.scim2_parse_filter));
for (const c of cases) console.log(c.agree ? "  " : "! ", JSON.stringify(c.op), c.scimmy.refused ?? "", "|", c.scim_patch.refused ?? "");
