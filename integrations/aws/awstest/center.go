package awstest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"lastday/integrations/integrationtest"
)

// Center is an instance of IAM Identity Center with its identity store.
type Center struct {
	Instance, Store string
	People          map[string]*Person // by UserId
	Teams           map[string]*Team   // by GroupId
	Sets            map[string]*Set    // by ARN
	Applications    map[string]string  // names by ARN
	Assignments     []Assignment
	AppAssignments  []Assignment
	Jobs            map[string]*Job
	// Slow is how many looks an order takes until it is done.
	Slow int
	// Fails lets orders fail.
	Fails bool
	serial
}

type serial struct{ N int }

// Person is a user of the identity store.
type Person struct {
	ID, Name, Email, Issuer string
	Disabled                bool
}

// Team is a group of the identity store; Members are memberships by UserId.
type Team struct {
	ID, Name, Issuer string
	Members          map[string]string
}

// Set is a permission set.
type Set struct {
	ARN, Name, Duration, Inline string
	Managed, Custom             []string
}

// Assignment is a permission set in an account, or an application.
type Assignment struct{ Principal, Kind, Account, Of string }

// Job is an order under way.
type Job struct {
	Delete, Done, Failed bool
	Looks                int
	What                 Assignment
}

func newCenter() *Center {
	return &Center{
		Instance: "arn:aws:sso:::instance/ssoins-0123456789abcdef", Store: "d-0123456789",
		People: map[string]*Person{}, Teams: map[string]*Team{}, Sets: map[string]*Set{}, Applications: map[string]string{}, Jobs: map[string]*Job{},
	}
}

// UUID makes an id in AWS's form.
func (c *Center) UUID() string {
	c.N++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", c.N)
}

func gone(what string) error {
	return fail(http.StatusBadRequest, "ResourceNotFoundException", "%s not found", what)
}

// next cuts a list for the services that speak of NextToken.
func (c *Cloud) next(r *request, list []any) ([]any, Fields) {
	begin, _ := strconv.Atoi(r.text("NextToken"))
	end := min(begin+c.PageSize, len(list))
	begin = min(begin, end)
	if end == len(list) {
		return list[begin:end], Fields{}
	}
	return list[begin:end], Fields{"NextToken": strconv.Itoa(end)}
}

func storeOperations() map[string]operation {
	return map[string]operation{
		"identitystore:DescribeUser":                  {do: (*Cloud).describeUser},
		"identitystore:GetUserId":                     {do: (*Cloud).getUserID},
		"identitystore:DescribeGroup":                 {do: (*Cloud).describeGroup},
		"identitystore:ListGroupMembershipsForMember": {do: (*Cloud).listMemberships},
		"identitystore:GetGroupMembershipId":          {do: (*Cloud).getMembership},
		"identitystore:DeleteGroupMembership":         {true, (*Cloud).deleteMembership},
		"identitystore:CreateGroupMembership":         {true, (*Cloud).createMembership},
	}
}

func (c *Cloud) describeUser(r *request) (Fields, error) {
	s := r.books.Center
	p := s.People[r.text("UserId")]
	if p == nil || c.Is(integrationtest.Blind) || r.text("IdentityStoreId") != s.Store {
		return nil, gone("USER")
	}
	out := Fields{
		"IdentityStoreId": s.Store, "UserId": p.ID, "UserName": p.Name, "DisplayName": p.Name, "UserStatus": "ENABLED",
		"Emails": []any{Fields{"Value": p.Email, "Type": "work", "Primary": true}},
	}
	if p.Disabled {
		out["UserStatus"] = "DISABLED"
	}
	if p.Issuer != "" {
		out["ExternalIds"] = []any{Fields{"Issuer": p.Issuer, "Id": "ext-" + p.ID}}
	}
	return out, nil
}

// getUserID compares without regard to case, as the console's uniqueness does.
func (c *Cloud) getUserID(r *request) (Fields, error) {
	s := r.books.Center
	alternate, _ := r.in["AlternateIdentifier"].(map[string]any)
	unique, _ := alternate["UniqueAttribute"].(map[string]any)
	path, _ := unique["AttributePath"].(string)
	value, _ := unique["AttributeValue"].(string)
	if c.Is(integrationtest.WrongUser) {
		return Fields{"IdentityStoreId": s.Store, "UserId": c.Wrong}, nil
	}
	for _, id := range sorted(s.People) {
		is := map[string]string{"userName": s.People[id].Name, "emails.value": s.People[id].Email}[path]
		if is != "" && strings.EqualFold(is, value) && !c.Is(integrationtest.Blind) {
			return Fields{"IdentityStoreId": s.Store, "UserId": id}, nil
		}
	}
	return nil, gone("USER")
}

func (c *Cloud) describeGroup(r *request) (Fields, error) {
	g := r.books.Center.Teams[r.text("GroupId")]
	if g == nil || c.Is(integrationtest.Blind) {
		return nil, gone("GROUP")
	}
	out := Fields{"IdentityStoreId": r.books.Center.Store, "GroupId": g.ID, "DisplayName": g.Name}
	if g.Issuer != "" {
		out["ExternalIds"] = []any{Fields{"Issuer": g.Issuer, "Id": "ext-" + g.ID}}
	}
	return out, nil
}

// member is whom a request about memberships is about.
func (r *request) member() string {
	m, _ := r.in["MemberId"].(map[string]any)
	id, _ := m["UserId"].(string)
	return id
}

func (c *Cloud) listMemberships(r *request) (Fields, error) {
	s := r.books.Center
	if s.People[r.member()] == nil || c.Is(integrationtest.Blind) {
		return nil, gone("USER")
	}
	list := []any{}
	for _, id := range sorted(s.Teams) {
		if m := s.Teams[id].Members[r.member()]; m != "" {
			list = append(list, Fields{"IdentityStoreId": s.Store, "MembershipId": m, "GroupId": id, "MemberId": Fields{"UserId": r.member()}})
		}
	}
	part, out := c.next(r, list)
	out["GroupMemberships"] = part
	return out, nil
}

func (c *Cloud) getMembership(r *request) (Fields, error) {
	s := r.books.Center
	g := s.Teams[r.text("GroupId")]
	if g == nil || g.Members[r.member()] == "" || c.Is(integrationtest.Blind) {
		return nil, gone("MEMBERSHIP")
	}
	return Fields{"IdentityStoreId": s.Store, "MembershipId": g.Members[r.member()]}, nil
}

func (c *Cloud) deleteMembership(r *request) (Fields, error) {
	for _, g := range r.books.Center.Teams {
		for user, m := range g.Members {
			if m == r.text("MembershipId") {
				delete(g.Members, user)
				return Fields{}, nil
			}
		}
	}
	return nil, gone("MEMBERSHIP")
}

func (c *Cloud) createMembership(r *request) (Fields, error) {
	s := r.books.Center
	g := s.Teams[r.text("GroupId")]
	if g == nil || s.People[r.member()] == nil {
		return nil, gone("GROUP or USER")
	}
	if g.Members[r.member()] != "" {
		return nil, fail(http.StatusBadRequest, "ConflictException", "Member and Group relationship already exists.")
	}
	g.Members[r.member()] = s.UUID()
	return Fields{"IdentityStoreId": s.Store, "MembershipId": g.Members[r.member()]}, nil
}

// groupsOf lists the groups of somebody.
func (c *Center) groupsOf(user string) []string {
	var all []string
	for _, id := range sorted(c.Teams) {
		if c.Teams[id].Members[user] != "" {
			all = append(all, id)
		}
	}
	return all
}

// of lists what a principal has, for users also what their groups bring.
func (c *Center) of(all []Assignment, principal, kind string) []Assignment {
	ids := []string{principal}
	if kind == "USER" {
		ids = append(ids, c.groupsOf(principal)...)
	}
	var found []Assignment
	for _, a := range all {
		if slices.Contains(ids, a.Principal) {
			found = append(found, a)
		}
	}
	return found
}
