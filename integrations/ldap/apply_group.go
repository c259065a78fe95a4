package ldap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"lastday"
)

// keyMover takes and gives back one public key.
func keyMover() mover {
	return mover{
		rung: func(j *job) (string, error) {
			if keyOf(j) == "" {
				return lastday.None, nil
			}
			return rungHeld, nil
		},
		write: func(j *job) ([]*goldap.ModifyRequest, error) {
			req := goldap.NewModifyRequest(j.account.DN, nil)
			if j.down {
				key := keyOf(j)
				j.keep("key", key)
				req.Delete(j.cfg.SSHKeys, []string{key})
				return one(req), nil
			}
			key := j.restoreWith("key")
			if keyID(key) != j.change.Grant.Resource.ID {
				return nil, lastday.Errorf(lastday.CodeInvalid, opApply, "the key that was taken is not known, or is another")
			}
			req.Add(j.cfg.SSHKeys, []string{key})
			return one(req), nil
		},
	}
}

// keyOf is the value that the change is about, empty if the account has it not.
func keyOf(j *job) string {
	keys := j.account.all(j.cfg.SSHKeys)
	i := slices.IndexFunc(keys, func(k string) bool { return keyID(k) == j.change.Grant.Resource.ID })
	if i < 0 {
		return ""
	}
	return keys[i]
}

// groupMover takes and gives back one direct membership.
func groupMover() mover {
	var group *entry
	var w way
	return mover{
		rung: func(j *job) (string, error) {
			var err error
			group, w, err = j.membership()
			if err != nil || j.outcome != "" {
				return j.now, err
			}
			if group == nil {
				return lastday.None, nil
			}
			return j.change.Grant.Ladder[0].Name, nil
		},
		write: func(j *job) ([]*goldap.ModifyRequest, error) {
			if !j.down {
				return j.giveBack(w)
			}
			if note, err := j.guardGroup(group, w); err != nil || note != "" {
				return nil, firstError(err, j, note)
			}
			req := goldap.NewModifyRequest(group.DN, nil)
			req.Delete(w.attr, []string{w.value})
			return one(req), nil
		},
		instead: func(j *job, refused error) (*goldap.ModifyRequest, error) {
			return j.withPlaceholder(group, w, refused)
		},
	}
}

func firstError(err error, j *job, note string) error {
	if err != nil {
		return err
	}
	return j.refuse(note)
}

// membership reads the group if the account is in it, by the way that the
// grant names. That it is not in it is only said where a group of the canary's
// can be seen.
func (j *job) membership() (*entry, way, error) {
	id, w, err := j.wayOf()
	if err != nil {
		return nil, w, err
	}
	switch {
	case w.attr == "memberUid" && !j.scene.showsLogins(j.flavour):
		return nil, w, lastday.Errorf(lastday.CodeDenied, opApply, "neither the account nor the canary shows a login: whose the group's is cannot be told")
	case !j.theirs(w):
		return nil, w, j.already("the account has another login by now, and what the group names is not theirs")
	}
	filter, err := j.flavour.idFilter(id)
	if err != nil {
		return nil, w, err
	}
	found, _, err := j.search(opApply, query{filter: allOf(filter, equal(w.attr, w.value)), attrs: j.flavour.groupAttrs()})
	if err != nil {
		return nil, w, err
	}
	if len(found) > 0 {
		if g := found[0]; g.id() == id {
			return g, w, nil
		}
		return nil, w, lastday.Errorf(lastday.CodeInvalid, opApply, "the server answered about another group than was asked for")
	}
	seen, err := j.seesGroups(opApply)
	if err == nil && !seen {
		err = lastday.Errorf(lastday.CodeDenied, opApply, "no group of the canary was seen: that the account is in none shows nothing")
	}
	return nil, w, err
}

// theirs says whether a membership that names a login names the account: logins
// are given anew.
func (j *job) theirs(w way) bool {
	return w.attr != "memberUid" || slices.ContainsFunc(j.account.all("uid"), func(uid string) bool { return sameName(uid, w.value) })
}

// wayOf reads the resource's id: a group, an attribute, and for names the name.
func (j *job) wayOf() (string, way, error) {
	parts := strings.SplitN(j.change.Grant.Resource.ID, "/", 3)
	switch {
	case len(parts) == 2 && (parts[1] == "member" || (parts[1] == "uniqueMember" && !j.flavour.ad())):
		return parts[0], way{parts[1], j.account.DN}, nil
	case len(parts) == 3 && parts[1] == "memberUid" && parts[2] != "" && !j.flavour.ad():
		return parts[0], way{parts[1], parts[2]}, nil
	}
	return "", way{}, lastday.Errorf(lastday.CodeInvalid, opApply, "the resource is no membership")
}

// guardGroup says why a membership must not be taken without a person's word.
func (j *job) guardGroup(group *entry, w way) (string, error) {
	if j.flavour.ad() && protected(group) && j.change.Consent == "" {
		return "the group is one of those that Active Directory protects: name the account under protected so that approvals are asked, or take it by hand: a person must approve", nil
	}
	if j.level(group) < lastday.LevelAdmin {
		return "", nil
	}
	another, err := j.anotherMember(group, w)
	if err != nil || another {
		return "", err
	}
	return "it is the last member of a group of level admin: put somebody else in first", nil
}

// anotherMember says whether the group has a member besides the account and the
// placeholder. Active Directory gives the values of a large group in ranges.
// https://learn.microsoft.com/windows/win32/adsi/attribute-range-retrieval
func (j *job) anotherMember(group *entry, w way) (bool, error) {
	const most = 1000
	from := 0
	for range most {
		attr := w.attr
		if from > 0 {
			attr += fmt.Sprintf(";range=%d-*", from)
		}
		e, err := j.read(opApply, group.DN, everything, attr)
		if err != nil || e == nil {
			return false, err
		}
		values, next := ranged(e, w.attr)
		if slices.ContainsFunc(values, func(v string) bool { return !sameDN(v, w.value) && !sameDN(v, j.cfg.Placeholder) }) {
			return true, nil
		}
		if next <= from {
			return false, nil
		}
		from = next
	}
	return false, nil
}

// ranged gives the values of an attribute, and where the next range begins; zero
// is that there is none.
func ranged(e *entry, attr string) ([]string, int) {
	for _, a := range e.Attributes {
		name, option, _ := strings.Cut(strings.ToLower(a.Name), ";")
		if name != strings.ToLower(attr) || (option == "" && len(a.Values) == 0) {
			continue
		}
		_, end, ok := strings.Cut(strings.TrimPrefix(option, "range="), "-")
		last, err := strconv.Atoi(end)
		if !ok || err != nil {
			return a.Values, 0
		}
		return a.Values, last + 1
	}
	return nil, 0
}

// withPlaceholder takes the last member of a group that must have one by putting
// the placeholder there in the same request.
// https://www.rfc-editor.org/rfc/rfc4519#section-3.5
func (j *job) withPlaceholder(group *entry, w way, refused error) (*goldap.ModifyRequest, error) {
	if !j.down || group == nil || !resultIs(refused, goldap.LDAPResultObjectClassViolation) {
		return nil, nil //nolint:nilnil // there is nothing else to try
	}
	if j.cfg.Placeholder == "" || w.attr == "memberUid" {
		return nil, j.refuse("it is the group's last member, and such a group must have one: configure a placeholder, put somebody else in, or delete the group")
	}
	j.keep("placeholder", j.cfg.Placeholder)
	req := goldap.NewModifyRequest(group.DN, nil)
	req.Add(w.attr, []string{j.cfg.Placeholder})
	req.Delete(w.attr, []string{w.value})
	return req, nil
}

// giveBack puts the account into the group again, and takes out what was put in
// its place.
func (j *job) giveBack(w way) ([]*goldap.ModifyRequest, error) {
	id, _, err := j.wayOf()
	if err != nil {
		return nil, err
	}
	filter, err := j.flavour.idFilter(id)
	if err != nil {
		return nil, err
	}
	found, _, err := j.search(opApply, query{filter: filter, attrs: j.flavour.groupAttrs()})
	if err != nil {
		return nil, err
	}
	if len(found) != 1 || found[0].id() != id {
		return nil, j.refuse("the group is gone: a group that was made again is another")
	}
	req := goldap.NewModifyRequest(found[0].DN, nil)
	req.Add(w.attr, []string{w.value})
	if placeholder := j.change.Undo["placeholder"]; placeholder != "" {
		there, err := j.read(opApply, found[0].DN, equal(w.attr, placeholder), j.flavour.id)
		if err != nil {
			return nil, err
		}
		if there != nil {
			req.Delete(w.attr, []string{placeholder})
		}
	}
	return one(req), nil
}
