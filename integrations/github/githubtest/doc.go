// Package githubtest is a stateful GitHub for tests and demonstrations.
//
// A Server answers the REST and GraphQL calls that decide about a person's access, from one state that every write really
// changes. It has GitHub's manners: pages, rate limits, entity tags, scopes and installation permissions, invitations that
// stay pending until somebody accepts them, the last owner who cannot leave, memberships inherited from child teams,
// deploy keys that outlive the person who added them, seats that end with the billing cycle, and renamed logins that
// another person may take.
//
// The state is built with the handles returned by AddOrg, AddUser and their kin, and judged with Access and Snapshot,
// which read the state itself and never pass through the HTTP layer. A test therefore has an opinion about the far side
// that does not depend on the client under test. The package uses the standard library alone, so that it shares no code
// with any client.
//
// The server answers under the base path of github.com ("/", "/graphql") and under the one of GitHub Enterprise Server
// ("/api/v3/", "/api/graphql") at the same time. The endpoints are those of https://docs.github.com/rest and
// https://docs.github.com/graphql; Record writes what was exchanged so that it can be held against GitHub's published
// description.
package githubtest
