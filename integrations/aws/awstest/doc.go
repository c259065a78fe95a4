// Package awstest is a stateful fake of the parts of AWS that the integration
// uses: IAM and STS in the Query protocol (XML), the identity store and IAM
// Identity Center in JSON 1.1.
//
// It checks every request's signature (version 4) against the secret keys that
// it knows, and judges every request by the policies of who makes it, so that a
// test can ask as the leaver. It pages, throttles, shows old state after a
// write, and does slowly what AWS does slowly.
//
// All that it is asked and answers can be held to AWS's own models of the services
// (testdata: the operations used here, from github.com/aws/aws-sdk-go v1.55.8,
// models/apis, Apache License 2.0) with Models.Check.
package awstest
