// Package aws takes and gives back access to Amazon Web Services: the IAM users
// of one account (kind aws-iam), and the people of one instance of IAM Identity
// Center (kind aws-identity-center).
//
// Users are pinned by what AWS never gives twice: the unique id of an IAM user
// (AIDA...), the UserId of the identity store. IAM is called by name only, so the
// name is looked up and the id compared before every change. AWS answers late:
// what was written may be read in its old state for minutes.
//
// All calls go through httpx, one attempt each: the SDK's own retries are off.
package aws
