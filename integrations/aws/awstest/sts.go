package awstest

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

func stsOperations() map[string]operation {
	return map[string]operation{
		"sts:GetCallerIdentity":         {do: (*Cloud).getCallerIdentity},
		"sts:GetSessionToken":           {do: (*Cloud).getSessionToken},
		"sts:AssumeRole":                {do: (*Cloud).assumeRole},
		"sts:AssumeRoleWithWebIdentity": {do: (*Cloud).assumeRoleWithWebIdentity},
	}
}

func (c *Cloud) getCallerIdentity(r *request) (Fields, error) {
	return Fields{"UserId": r.who.id, "Account": r.books.Account, "Arn": r.who.arn}, nil
}

// issue makes temporary credentials.
func (c *Cloud) issue(who principal) Fields {
	n := len(c.sessions) + 1
	s := &session{id: fmt.Sprintf("ASIAFAKE%012d", n), secret: fmt.Sprintf("temporary-secret-%023d", n), token: fmt.Sprintf("session-token-%d", n), who: who}
	c.sessions[s.id] = s
	return Fields{"AccessKeyId": s.id, "SecretAccessKey": s.secret, "SessionToken": s.token, "Expiration": stamp(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC))}
}

func (c *Cloud) getSessionToken(r *request) (Fields, error) {
	return Fields{"Credentials": c.issue(r.who)}, nil
}

// assumeRole asks both sides: who calls was judged by their own policies, here
// the role's trust is.
func (c *Cloud) assumeRole(r *request) (Fields, error) {
	name := r.text("RoleArn")[strings.LastIndex(r.text("RoleArn"), "/")+1:]
	role := c.books.Roles[name]
	if role == nil || !trusts(role.Trust, r.who.arn, r.books.Account) || !c.external(role, r.text("ExternalId")) {
		return nil, fail(http.StatusForbidden, "AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole on resource: %s", r.who.arn, r.text("RoleArn"))
	}
	return c.session(role, r.text("RoleSessionName")), nil
}

// external says whether the external id is the one that the trust policy asks for.
func (c *Cloud) external(role *Role, given string) bool {
	return !strings.Contains(role.Trust, "sts:ExternalId") || (given != "" && strings.Contains(role.Trust, `"`+given+`"`))
}

// assumeRoleWithWebIdentity takes the one token that tests use.
func (c *Cloud) assumeRoleWithWebIdentity(r *request) (Fields, error) {
	name := r.text("RoleArn")[strings.LastIndex(r.text("RoleArn"), "/")+1:]
	role := c.books.Roles[name]
	if role == nil || r.text("WebIdentityToken") != WebToken {
		return nil, fail(http.StatusBadRequest, "InvalidIdentityToken", "The web identity token is not valid")
	}
	return c.session(role, r.text("RoleSessionName")), nil
}

// WebToken is the one web identity that is known.
const WebToken = "web-identity-t0ken-0123456789"

func (c *Cloud) session(role *Role, name string) Fields {
	who := principal{id: role.ID + ":" + name, arn: fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", c.books.Account, role.Name, name), role: role.Name}
	return Fields{"Credentials": c.issue(who), "AssumedRoleUser": Fields{"AssumedRoleId": who.id, "Arn": who.arn}}
}
