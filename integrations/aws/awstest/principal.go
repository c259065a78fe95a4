package awstest

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// principal is who makes a request.
type principal struct {
	// id and arn are as GetCallerIdentity tells them.
	id, arn string
	// user is the id of the user who asks, or whose session asks; role the name
	// of the role whose session asks.
	user, role string
	anonymous  bool
}

// session is a set of temporary credentials.
type session struct {
	id, secret, token string
	who               principal
}

// credential finds the secret of a key, and whose it is. A key that is inactive
// is refused like one that is not there, as IAM does.
func (c *Cloud) credential(id string) (aws.Credentials, principal, bool) {
	if s := c.sessions[id]; s != nil {
		return aws.Credentials{AccessKeyID: s.id, SecretAccessKey: s.secret, SessionToken: s.token}, s.who, true
	}
	for _, u := range c.books.Users {
		for _, k := range u.Keys {
			if k.ID == id && k.Status == active {
				return aws.Credentials{AccessKeyID: id, SecretAccessKey: k.Secret}, principal{id: u.ID, arn: c.books.userARN(u), user: u.ID}, true
			}
		}
	}
	return aws.Credentials{}, principal{}, false
}

// authorization reads the header of a signature, version 4.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
func authorization() *regexp.Regexp {
	return regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$`)
}

// authenticate computes the signature anew with the secret that belongs to the
// key, and compares.
func (c *Cloud) authenticate(r *http.Request, body []byte, req *request) (principal, error) {
	if req.operation == "AssumeRoleWithWebIdentity" {
		return principal{anonymous: true}, nil
	}
	part := authorization().FindStringSubmatch(r.Header.Get("Authorization"))
	if part == nil {
		return principal{}, fail(http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	creds, who, known := c.credential(part[1])
	if !known || creds.SessionToken != r.Header.Get("X-Amz-Security-Token") {
		return principal{}, fail(http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid.")
	}
	if want := (map[string]string{"iam": "iam", "sts": "sts", "sso": "sso", "identitystore": "identitystore"})[req.service]; part[4] != want {
		return principal{}, fail(http.StatusForbidden, "SignatureDoesNotMatch", "Credential should be scoped to correct service: '%s'.", want)
	}
	signed, err := sign(r, body, creds, part[4], part[3], strings.Split(part[5], ";"))
	if err != nil || subtle.ConstantTimeCompare([]byte(signed), []byte(r.Header.Get("Authorization"))) != 1 {
		return principal{}, fail(http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.")
	}
	return who, nil
}

func sign(r *http.Request, body []byte, creds aws.Credentials, service, region string, headers []string) (string, error) {
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return "", err
	}
	again, err := http.NewRequestWithContext(context.Background(), r.Method, "http://"+r.Host+r.URL.RequestURI(), strings.NewReader(string(body)))
	if err != nil {
		return "", err
	}
	for name, values := range r.Header {
		if slices.Contains(headers, strings.ToLower(name)) {
			again.Header[name] = values
		}
	}
	sum := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(context.Background(), creds, again, hex.EncodeToString(sum[:]), service, region, at)
	return again.Header.Get("Authorization"), err
}
