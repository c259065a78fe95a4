package awstest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	active   = "Active"
	inactive = "Inactive"
)

// Books are the state of an account.
type Books struct {
	Account  string
	Users    map[string]*User // by id
	Groups   map[string]*Group
	Roles    map[string]*Role
	Policies map[string]*Policy // by ARN
	Center   *Center
}

// User is an IAM user.
type User struct {
	ID, Name string
	Tags     map[string]string
	// Password says that there is one for the console.
	Password bool
	Reset    bool
	Keys     []*Credential
	SSH      []*Credential
	Certs    []*Credential
	Services []*Credential
	Groups   []string
	Attached []string
	Inline   map[string]string
	MFA      []string
	Boundary string
}

// Credential is a key, a certificate or a password for one service.
type Credential struct{ ID, Status, Secret string }

// Group is an IAM group.
type Group struct {
	ID, Name string
	Attached []string
	Inline   map[string]string
}

// Role is an IAM role.
type Role struct {
	ID, Name, Trust string
	Attached        []string
	Inline          map[string]string
	Tags            map[string]string
	// Duration is the longest session, in seconds.
	Duration int
}

// Policy is a managed policy.
type Policy struct{ ID, Name, ARN, Document string }

func newBooks(account string) *Books {
	return &Books{
		Account: account, Users: map[string]*User{}, Groups: map[string]*Group{}, Roles: map[string]*Role{},
		Policies: map[string]*Policy{}, Center: newCenter(),
	}
}

func (b *Books) clone() *Books {
	out := &Books{}
	text, err := json.Marshal(b)
	if err == nil {
		err = json.Unmarshal(text, out)
	}
	if err != nil {
		panic(fmt.Sprintf("awstest: the books cannot be copied: %v", err))
	}
	return out
}

func (b *Books) userARN(u *User) string {
	return fmt.Sprintf("arn:aws:iam::%s:user/%s", b.Account, u.Name)
}

func (b *Books) roleARN(r *Role) string {
	return fmt.Sprintf("arn:aws:iam::%s:role/%s", b.Account, r.Name)
}

func (b *Books) named(name string) *User {
	for _, u := range b.Users {
		if u.Name == name {
			return u
		}
	}
	return nil
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// born is when everything was made.
func born() time.Time { return time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC) }

func stamp(t time.Time) string { return t.Format("2006-01-02T15:04:05Z") }
