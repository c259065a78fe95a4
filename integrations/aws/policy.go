package aws

import (
	"encoding/json"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"lastday"
)

// grammar is an IAM policy, as far as its level needs it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type grammar struct {
	Statement list[statement] `json:"Statement"`
}

type statement struct {
	Effect    string       `json:"Effect"`
	Action    list[string] `json:"Action"`
	NotAction list[string] `json:"NotAction"`
	Resource  list[string] `json:"Resource"`
}

// list reads one thing or an array of things: the grammar allows both.
type list[T any] []T

// UnmarshalJSON reads either form.
func (l *list[T]) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '[' {
		return json.Unmarshal(text, (*[]T)(l))
	}
	var one T
	if err := json.Unmarshal(text, &one); err != nil {
		return err
	}
	*l = list[T]{one}
	return nil
}

// plain undoes the encoding in which IAM answers documents (RFC 3986).
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_PolicyDetail.html
func plain(encoded string) string {
	decoded, err := url.PathUnescape(encoded)
	if err != nil {
		return encoded
	}
	return decoded
}

// levelOf judges a policy by what it allows. Denials and conditions are not
// counted in its favour, and what cannot be read counts as admin.
func levelOf(policy string) lastday.Level {
	var d grammar
	if json.Unmarshal([]byte(plain(policy)), &d) != nil {
		return lastday.LevelAdmin
	}
	level := lastday.LevelNone
	for _, s := range d.Statement {
		level = max(level, s.level())
	}
	return level
}

func (s statement) level() lastday.Level {
	if s.Effect != "Allow" {
		return lastday.LevelNone
	}
	if len(s.NotAction) > 0 {
		return lastday.LevelAdmin
	}
	level := lastday.LevelNone
	for _, action := range s.Action {
		level = max(level, levelOfAction(strings.ToLower(action), s.own()))
	}
	return level
}

// own says whether the statement is about the user themselves alone, as
// policies are that let people change their own password and keys.
func (s statement) own() bool {
	return len(s.Resource) > 0 && !slices.ContainsFunc([]string(s.Resource), func(r string) bool {
		return !ownResource().MatchString(strings.ToLower(r))
	})
}

// ownResource is the user who asks, or a device of theirs. The name must stand
// alone: what begins or ends with it may be somebody else.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func ownResource() *regexp.Regexp {
	return regexp.MustCompile(`^arn:[a-z*-]+:iam::[0-9*]*:(user|mfa|sms-mfa)/([^$]*/)?\$\{aws:username\}$`)
}

// harmless says whether an action of IAM on oneself changes no more than one's
// own credentials. Who may write their own policies, boundary or tags may
// become anything; an action that we cannot match counts as one of those.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagement.html
func harmless(verb string) bool {
	raising := []string{
		"putuserpolicy", "attachuserpolicy", "deleteuserpolicy", "detachuserpolicy", "putuserpermissionsboundary", "deleteuserpermissionsboundary",
		"addusertogroup", "taguser", "untaguser", "updateuser",
	}
	return !slices.ContainsFunc(raising, func(name string) bool {
		matches, err := path.Match(verb, name)
		return matches || err != nil
	})
}

// granting lists services whose every write can lead to more rights.
func granting() []string {
	return []string{"iam", "sts", "organizations", "sso", "sso-directory", "identitystore", "account"}
}

// reading lists how the names of actions begin that change nothing. The whole
// word must stand before a wildcard: "ec2:De*" deletes as well.
func reading() []string {
	return []string{"get", "list", "describe", "view", "search", "lookup", "batchget", "batchdescribe", "head", "query", "scan", "select", "check", "simulate", "generatecredentialreport"}
}

func levelOfAction(action string, own bool) lastday.Level {
	service, verb, both := strings.Cut(action, ":")
	literal, _, _ := strings.Cut(verb, "*")
	literal, _, _ = strings.Cut(literal, "?")
	switch {
	case !both || strings.ContainsAny(service, "*?"):
		return lastday.LevelAdmin
	case service == "sts" && (verb == "getcalleridentity" || verb == "getsessiontoken" || verb == "decodeauthorizationmessage"):
		return lastday.LevelSignIn
	case service == "sts":
		return lastday.LevelAdmin // it makes credentials: what they can do stands elsewhere
	case slices.ContainsFunc(reading(), func(word string) bool { return strings.HasPrefix(literal, word) }):
		return lastday.LevelRead
	case service == "iam" && (verb == "changepassword" || own && harmless(verb)):
		return lastday.LevelWrite
	case slices.Contains(granting(), service):
		return lastday.LevelAdmin
	}
	return lastday.LevelWrite
}

// levelOfManaged judges a policy of AWS's own by its name, where its text is not
// at hand. Many that are called FullAccess may pass roles to a service, and so
// use what those may do: only those that may not are known here.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
func levelOfManaged(name string) lastday.Level {
	if level, known := reads(name); known {
		return level
	}
	if slices.Contains([]string{"AmazonS3FullAccess", "AmazonSQSFullAccess", "AmazonSNSFullAccess"}, name) {
		return lastday.LevelWrite
	}
	return lastday.LevelAdmin
}

// reads knows AWS's own policies that change nothing, by their names, which
// nobody else can give. Their texts say more than our list of words can: they ask
// for reports, estimates and queries.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html#aws-managed-policies
func reads(name string) (lastday.Level, bool) {
	switch {
	case slices.Contains([]string{"ViewOnlyAccess", "SecurityAudit", "ReadOnlyAccess"}, name), strings.HasSuffix(name, "ReadOnlyAccess"), strings.HasSuffix(name, "ReadOnly"):
		return lastday.LevelRead, true
	case name == "IAMUserChangePassword":
		return lastday.LevelSignIn, true
	}
	return lastday.LevelNone, false
}
