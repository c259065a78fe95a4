// Package scimtest is a SCIM 2.0 server for tests: it keeps state, as
// https://www.rfc-editor.org/rfc/rfc7643 and https://www.rfc-editor.org/rfc/rfc7644
// say, and has the manners of servers that do otherwise, one switch for each.
//
// What it does is checked against what its author did not write: the schemas and
// the outcome of patches and filters as SCIMMY, another implementation, has them
// (testdata, made by contract/), and the examples of RFC 7644.
package scimtest
