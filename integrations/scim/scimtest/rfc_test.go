package scimtest

import (
	"slices"
	"testing"
)

// The examples of RFC 7644 (https://www.rfc-editor.org/rfc/rfc7644), each with
// what its section says comes of it.

func jensen() resource {
	return resource{
		"schemas": []any{UserSchema}, "id": "2819c223-7f76-453a-919d-413861904646", "externalId": "bjensen", "userName": "bjensen", "title": "Vice President", "userType": "Employee",
		"meta": resource{"lastModified": "2011-08-08T08:00:00Z"}, "name": resource{"familyName": "O'Malley", "givenName": "Barbara"},
		"emails": []any{resource{"type": "work", "value": "bjensen@example.com"}, resource{"type": "home", "value": "babs@jensen.org"}},
		"addresses": []any{
			resource{"type": "work", "streetAddress": "100 Universal City Plaza", "locality": "Hollywood", "postalCode": "91608"},
			resource{"type": "home", "streetAddress": "456 Hollywood Blvd"},
		},
		"ims": []any{resource{"type": "xmpp", "value": "babs@foo.com"}},
	}
}

func TestTheFiltersOfTheStandard(t *testing.T) { // figure 2 of section 3.4.2.2
	finds := []string{
		`userName eq "bjensen"`,
		`name.familyName co "O'Malley"`,
		UserSchema + `:userName sw "B"`,
		`title pr`,
		`meta.lastModified gt "2011-05-13T04:42:34Z"`,
		`meta.lastModified ge "2011-05-13T04:42:34Z"`,
		`title pr and userType eq "Employee"`,
		`title pr or userType eq "Intern"`,
		`userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")`,
		`userType eq "Employee" and (emails.type eq "work")`,
		`userType eq "Employee" and emails[type eq "work" and value co "@example.com"]`,
		`emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]`,
	}
	findsNot := []string{
		`userName Eq "john"`,
		`userName sw "J"`,
		`meta.lastModified lt "2011-05-13T04:42:34Z"`,
		`meta.lastModified le "2011-05-13T04:42:34Z"`,
		`schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`,
		`userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")`,
		`emails[type eq "home" and value co "@example.com"]`,
	}
	for i, filter := range slices.Concat(finds, findsNot) {
		c, err := parseFilter(filter)
		if err != nil {
			t.Errorf("%s: %v", filter, err)
			continue
		}
		if got, want := c(jensen()), i < len(finds); got != want {
			t.Errorf("%s: %t, want %t", filter, got, want)
		}
	}
}

func TestThePatchesOfTheStandard(t *testing.T) { // sections 3.5.2.1 to 3.5.2.3
	babs := resource{"display": "Babs Jensen", "$ref": "https://example.com/v2/Users/2819c223", "value": "2819c223"}
	james := resource{"display": "James Smith", "value": "08e1d05d"}
	work := func(r resource) resource { return r["addresses"].([]any)[0].(resource) }
	for name, c := range map[string]struct {
		op   operation
		is   func(resource) bool
		from resource
	}{
		"add a member":      {operation{"add", "members", []any{babs}}, func(r resource) bool { return len(r["members"].([]any)) == 2 }, resource{"members": []any{james}}},
		"add what is there": {operation{"add", "members", []any{babs}}, func(r resource) bool { return len(r["members"].([]any)) == 1 }, resource{"members": []any{babs}}},
		"add without a path": {
			operation{"add", "", resource{"emails": []any{resource{"value": "babs@example.org", "type": "other"}}, "nickname": "Babs"}},
			func(r resource) bool { return len(r["emails"].([]any)) == 3 && r["nickname"] == "Babs" }, jensen(),
		},
		"remove a member":    {operation{"remove", `members[value eq "2819c223"]`, nil}, func(r resource) bool { return len(r["members"].([]any)) == 1 }, resource{"members": []any{babs, james}}},
		"remove all members": {operation{"remove", "members", nil}, func(r resource) bool { return r["members"] == nil }, resource{"members": []any{babs, james}}},
		"remove by a compound filter": {
			operation{"remove", `emails[type eq "work" and value ew "example.com"]`, nil}, func(r resource) bool { return len(r["emails"].([]any)) == 1 }, jensen(),
		},
		"replace members": {operation{"replace", "members", []any{babs, james}}, func(r resource) bool { return len(r["members"].([]any)) == 2 }, resource{"members": []any{resource{"value": "x"}}}},
		"replace an address": {
			operation{"replace", `addresses[type eq "work"]`, resource{"type": "work", "streetAddress": "911 Universal City Plaza"}},
			func(r resource) bool {
				return work(r)["streetAddress"] == "911 Universal City Plaza" && len(r["addresses"].([]any)) == 2
			}, jensen(),
		},
		"replace a part of an address": {
			operation{"replace", `addresses[type eq "work"].streetAddress`, "1010 Broadway Ave"},
			func(r resource) bool {
				return work(r)["streetAddress"] == "1010 Broadway Ave" && work(r)["locality"] == "Hollywood"
			}, jensen(),
		},
		"replace without a path": {
			operation{"replace", "", resource{"emails": []any{resource{"value": "bjensen@example.com", "type": "work"}}, "nickname": "Babs"}},
			func(r resource) bool { return len(r["emails"].([]any)) == 1 && r["nickname"] == "Babs" }, jensen(),
		},
	} {
		r := clone(c.from)
		op := operation{c.op.Op, c.op.Path, clone(resource{"v": c.op.Value})["v"]}
		if err := apply(r, op); err != nil || !c.is(r) {
			t.Errorf("%s: %v %v", name, err, r)
		}
	}
}

func TestPagesOfTheStandard(t *testing.T) { // section 3.4.2.4
	s := New("t")
	for _, id := range []string{"a", "b", "c"} {
		s.Put("Users", resource{"schemas": []any{UserSchema}, "id": id, "userName": id})
	}
	_, page := ask(t, s, "GET", "/Users?startIndex=2&count=10", "")
	if page["totalResults"] != 3.0 || page["itemsPerPage"] != 2.0 || page["startIndex"] != 2.0 {
		t.Errorf("the second page: %v", page)
	}
	_, none := ask(t, s, "GET", "/Users?count=0", "")
	if none["totalResults"] != 3.0 || len(none["Resources"].([]any)) != 0 {
		t.Errorf("a count of zero: %v", none)
	}
	_, first := ask(t, s, "GET", "/Users?startIndex=0&count=-1", "")
	if first["startIndex"] != 1.0 {
		t.Errorf("an index under one is one: %v", first)
	}
}
