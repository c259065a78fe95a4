// Package oktatest is an Okta organization for tests: the part of the Management
// API that offboarding needs, with state and with the vendor's manners.
//
// It refuses lifecycle calls from the wrong status, as Okta does, instead of
// being idempotent; suspending keeps everything, deactivating drops app
// assignments and admin roles; it pages by Link headers (administrators by a
// link in the body), lists no deactivated users unless searched for, lets its
// search index lag, hides by 404 and by empty lists as well as by 403, and
// answers errors in Okta's form with Okta's codes.
//
// What goes in and out is held to Okta's own description of its API
// (Contract), which its author did not write: testdata/openapi.json, trimmed from
// github.com/okta/okta-sdk-golang/v5 v5.0.2 (Apache-2.0). What that description of
// 2024 does not know yet is listed in contract.go with its source.
package oktatest
