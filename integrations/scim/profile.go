package scim

import (
	"slices"
	"time"

	"lastday"
)

// Profile is what is known of one vendor's server, each fact from the vendor's
// public page. What a page does not say is declared in the cautious way.
type Profile struct {
	Name  string
	Title string
	// Pages are where it stands.
	Pages []string
	// Credential is what stands before the token in the header Authorization; empty
	// is "Bearer ".
	Credential string
	// Deactivation is what active:false does there, in words.
	Deactivation string
	// Deletes says that active:false takes the account away for good.
	Deletes bool
	// Scrambles says that active:false changes login and addresses: then only the
	// id tells whose the account is.
	Scrambles bool
	// Hides says that an account is answered with 404 once it is not active.
	Hides bool
	// Restore is how active:true gives back.
	Restore lastday.Restore
	// Filters are the attributes by which users can be filtered with eq.
	Filters []string
	// MemberFilter is the filter, with %s for the quoted id, that finds the groups of
	// a member; empty if all groups have to be read.
	MemberFilter string
	// MadeUpLists says that a list without a filter may be an example instead of what
	// there is: then a group must be known that has to be in it.
	MadeUpLists bool
	// Active and Members are the forms in which a change is put, in the order of
	// trying: the next only after the one before was refused as not understood.
	Active  []string
	Members []string
	// GroupsAre says what a group is there.
	GroupsAre string
	// Roles is the ladder of a vendor whose users have exactly one role; empty
	// otherwise.
	Roles lastday.Ladder
	// Licences says that entitlements are licences: an account must have one, which
	// lets nobody do anything by itself, and ends with the account.
	Licences bool
	// Cursor says that lists are paged by cursor (RFC 9865).
	Cursor bool
	// Settles is how long the old state may still be shown.
	Settles time.Duration
	// Limits are the published rate limits, for people.
	Limits string
	// Remains lists what of the person goes on working, each with what to do.
	Remains []remains
}

// remains is something that deactivating does not end.
type remains struct{ what, why, todo string }

// The forms of a write.
const (
	// byPath is {op, path, value}.
	byPath = "path"
	// pathless is {op, value:{attribute: value}}.
	pathless = "pathless"
	// byFilter is {op: remove, path: members[value eq "id"]}.
	byFilter = "filter"
	// byArray is {op: remove, path: members, value: [{value: id}]}. A server that
	// keeps to the standard takes everybody for that (RFC 7644 section 3.5.2.2): it
	// is only for vendors that document it.
	byArray = "array"
	// byPut replaces the whole resource, and only with its version.
	byPut = "put"
)

func (p Profile) filters(attribute string) bool { return slices.Contains(p.Filters, attribute) }

func profileNames() []string {
	var names []string
	for _, p := range profiles() {
		names = append(names, p.Name)
	}
	return names
}

func profileNamed(name string) (Profile, bool) {
	if name == "" {
		name = "generic"
	}
	for _, p := range profiles() {
		if p.Name == name {
			return p, true
		}
	}
	return Profile{}, false
}
