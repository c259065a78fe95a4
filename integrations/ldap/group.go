package ldap

import (
	"encoding/binary"
	"slices"
	"strings"

	"lastday"
)

// inChain matches members of members, to any depth.
// https://learn.microsoft.com/openspecs/windows_protocols/ms-adts/1e889adc-b503-4423-8985-c28d5c7d4887
const inChain = ":1.2.840.113556.1.4.1941:"

// way is one way of being a member: an attribute of the group with a value.
type way struct{ attr, value string }

// id is the resource's id: the group's, the attribute, and the value where the
// attribute holds names that are given anew.
func (w way) id(group string) string {
	if w.attr == "memberUid" {
		return group + "/" + w.attr + "/" + w.value
	}
	return group + "/" + w.attr
}

// ways are all that an account may be a member by.
func (f flavour) ways(account *entry) []way {
	if f.ad() {
		return []way{{"member", account.DN}}
	}
	all := []way{{"member", account.DN}, {"uniqueMember", account.DN}}
	for _, uid := range account.all("uid") {
		all = append(all, way{"memberUid", uid})
	}
	return all
}

// groupAttrs is what is read of a group; its members are not among it.
func (f flavour) groupAttrs() []string {
	if f.ad() {
		return []string{f.id, "objectSid", "adminCount", "memberOf", f.version}
	}
	return []string{f.id, f.version}
}

// seesGroups is the positive control about groups: the canary is in one.
func (l *link) seesGroups(op string) (bool, error) {
	found, _, err := l.search(op, query{filter: anyOf(equal("member", l.cfg.Canary), equal("uniqueMember", l.cfg.Canary)), attrs: l.flavour.groupAttrs(), most: 1})
	return len(found) > 0, err
}

// level is how high a membership in the group is. Active Directory's own
// protected groups are admin whatever the configuration says.
func (d *driver) level(group *entry) lastday.Level {
	if d.flavour.ad() && protected(group) {
		return lastday.LevelAdmin
	}
	if level, ok := d.levels[foldDN(group.DN)]; ok {
		return level
	}
	return lastday.LevelWrite
}

// managedBy names who decides about the entry elsewhere.
func (d *driver) managedBy(dn string) string {
	folded := foldDN(dn)
	for _, under := range sortedKeys(d.cfg.Managed) {
		if f := foldDN(under); folded == f || strings.HasSuffix(folded, ","+f) {
			return d.cfg.Managed[under]
		}
	}
	return ""
}

// protected says whether a group is one whose members Active Directory guards:
// adminCount, or one of the well-known groups.
// https://learn.microsoft.com/windows-server/identity/ad-ds/plan/security-best-practices/appendix-c--protected-accounts-and-groups-in-active-directory
func protected(group *entry) bool {
	if group.get("adminCount") == "1" {
		return true
	}
	sid := group.GetEqualFoldRawAttributeValue("objectSid")
	rid, ok := lastPart(sid)
	if !ok {
		return false
	}
	if builtIn := len(sid) == 16 && binary.LittleEndian.Uint32(sid[8:]) == 32; builtIn {
		return slices.Contains([]uint32{544, 548, 549, 550, 551, 552}, rid)
	}
	return slices.Contains([]uint32{512, 516, 517, 518, 519, 520, 521, 526, 527}, rid)
}

// lastPart is the last number of a security identifier.
// https://learn.microsoft.com/openspecs/windows_protocols/ms-dtyp/f992ad60-0fe4-4b87-9fed-beb478836861
func lastPart(sid []byte) (uint32, bool) {
	if len(sid) < 12 || len(sid) != 8+4*int(sid[1]) {
		return 0, false
	}
	return binary.LittleEndian.Uint32(sid[len(sid)-4:]), true
}

// addGroups makes grants of the memberships, direct ones first, then those that
// follow from them.
func (s *survey) addGroups() error {
	seen, err := s.seesGroups(s.op)
	if err != nil {
		return err
	}
	if !seen {
		s.page.Gaps = append(s.page.Gaps, s.gap(kindGroup, "groups", lastday.CodeDenied, "no group of the canary was seen, so that it is not known if we could see one",
			"put the canary into a group, and let our account read the members of groups"))
	}
	direct := map[string]*entry{}
	for _, w := range s.flavour.ways(s.account) {
		found, elsewhere, err := s.search(s.op, query{filter: equal(w.attr, w.value), attrs: s.flavour.groupAttrs()})
		if err != nil {
			return err
		}
		s.partly(elsewhere)
		for _, g := range found {
			if g.id() == "" {
				return lastday.Errorf(lastday.CodeDenied, s.op, "a group's id is not shown to us: it cannot be pinned")
			}
			direct[foldDN(g.DN)] = g
			s.addMember(g, w)
		}
	}
	if err := s.addNested(direct); err != nil {
		return err
	}
	s.raise()
	return s.addPrimary(direct)
}

func (s *survey) partly(elsewhere bool) {
	if elsewhere {
		s.page.Gaps = append(s.page.Gaps, s.gap(kindGroup, "a part of the tree", lastday.CodeUnsupported, "it is on another server, and referrals are not followed", "add that server as a system of its own"))
	}
}

func (s *survey) member(g *entry, id string) lastday.Grant {
	x := grant(kindGroup, id, exact())
	level := s.level(g)
	x.Resource.Name, x.Rung, x.Ladder = g.name(), level.String(), rung(level.String(), level)
	x.Resource.Labels["dn"] = g.DN
	x.ManagedBy = s.managedBy(g.DN)
	return x
}

func (s *survey) addMember(g *entry, w way) {
	x := s.member(g, w.id(g.id()))
	x.Details["attribute"], x.Details["value"] = w.attr, w.value
	if s.flavour.ad() && protected(g) {
		x.Resource.Labels["protected"] = "true"
	}
	s.page.Grants = append(s.page.Grants, x)
}

func (s *survey) addIndirect(g *entry, via []string) {
	x := s.member(g, g.id()+"/indirect")
	x.Via = via
	s.page.Grants = append(s.page.Grants, x)
}

// addNested follows groups that are members of groups.
func (s *survey) addNested(direct map[string]*entry) error {
	if s.flavour.ad() {
		return s.addChain(direct)
	}
	known := map[string]*entry{}
	frontier := direct
	for len(frontier) > 0 {
		next := map[string]*entry{}
		names := sortedKeys(frontier)
		for chunk := range slices.Chunk(names, 50) {
			if err := s.parents(chunk, frontier, func(g *entry, via []string) {
				key := foldDN(g.DN)
				if direct[key] != nil || known[key] != nil {
					return
				}
				known[key], next[key] = g, g
				s.addIndirect(g, via)
			}); err != nil {
				return err
			}
		}
		frontier = next
	}
	return nil
}

// parents finds the groups that have one of the groups as a member.
func (s *survey) parents(names []string, children map[string]*entry, found func(g *entry, via []string)) error {
	var filters []string
	for _, name := range names {
		dn := children[name].DN
		filters = append(filters, equal("member", dn), equal("uniqueMember", dn))
	}
	all, elsewhere, err := s.search(s.op, query{filter: anyOf(filters...), attrs: append(s.flavour.groupAttrs(), "member", "uniqueMember")})
	if err != nil {
		return err
	}
	s.partly(elsewhere)
	for _, g := range all {
		var via []string
		for _, value := range slices.Concat(g.all("member"), g.all("uniqueMember")) {
			if child := children[foldDN(value)]; child != nil {
				s.rises(child, g)
				via = append(via, "group "+child.name())
			}
		}
		slices.Sort(via)
		found(g, slices.Compact(append(via, fallback(via)...)))
	}
	return nil
}

// fallback names a way in that could not be told.
func fallback(via []string) []string {
	if len(via) > 0 {
		return nil
	}
	return []string{"a group in between"}
}

// addChain asks Active Directory for all groups at any depth, and tells from the
// groups' own memberOf through which they are reached.
func (s *survey) addChain(direct map[string]*entry) error {
	all, elsewhere, err := s.search(s.op, query{filter: "(member" + inChain + "=" + escape(s.account.DN) + ")", attrs: s.flavour.groupAttrs()})
	if err != nil {
		return err
	}
	s.partly(elsewhere)
	for _, g := range all {
		var via []string
		for _, child := range all {
			if slices.ContainsFunc(child.all("memberOf"), func(dn string) bool { return sameDN(dn, g.DN) }) {
				s.rises(child, g)
				via = append(via, "group "+child.name())
			}
		}
		if direct[foldDN(g.DN)] != nil {
			continue
		}
		slices.Sort(via)
		s.addIndirect(g, append(via, fallback(via)...))
	}
	return nil
}

// addPrimary tells of the group that stands in the account itself. It is no
// member's value of the group and cannot be taken, only replaced.
func (s *survey) addPrimary(direct map[string]*entry) error {
	filter, usual := s.primary()
	if filter == "" {
		if s.flavour.ad() { // there every account has one
			s.page.Gaps = append(s.page.Gaps, s.gap(kindGroup, "the primary group", lastday.CodeDenied, "primaryGroupID or objectSid is not shown to us", "let our account read both"))
		}
		return nil
	}
	found, _, err := s.search(s.op, query{filter: filter, attrs: s.flavour.groupAttrs()})
	if err != nil {
		return err
	}
	for _, g := range found {
		if direct[foldDN(g.DN)] != nil {
			continue
		}
		switch {
		case s.counts(g):
			s.addStuck(g, "primary group")
			s.residue(kindGroup, "primary group "+g.name(), "it stands in the account itself, and is no membership that can be taken", "give the account another primary group, then take the membership")
		case usual || sameName(g.name(), s.account.get("uid")):
			s.harmless(kindGroup, "primary group "+g.name(), "every account has one; it gives nothing to an account that cannot sign in")
		default:
			s.residue(kindGroup, "primary group "+g.name(), "it stands in the account itself, and is no membership that can be taken", "give the account another primary group")
		}
		if err := s.addAbovePrimary(g); err != nil {
			return err
		}
	}
	return nil
}

// counts says whether a group is one that somebody said something about.
func (s *survey) counts(g *entry) bool {
	_, named := s.levels[foldDN(g.DN)]
	return named || (s.flavour.ad() && protected(g))
}

// addStuck adds a membership that cannot be taken here, unless it is known
// already by another way.
func (s *survey) addStuck(g *entry, via string) {
	if !slices.ContainsFunc(s.page.Grants, func(x lastday.Grant) bool { return strings.HasPrefix(x.Resource.ID, g.id()+"/") }) {
		s.addIndirect(g, []string{via})
	}
}

// addAbovePrimary follows Active Directory's primary group upwards, which the
// search for the account's own memberships does not. What everybody is in by
// the primary group is only told where somebody said that it counts.
func (s *survey) addAbovePrimary(primary *entry) error {
	if !s.flavour.ad() {
		return nil
	}
	found, elsewhere, err := s.search(s.op, query{filter: "(member" + inChain + "=" + escape(primary.DN) + ")", attrs: s.flavour.groupAttrs()})
	if err != nil {
		return err
	}
	s.partly(elsewhere)
	for _, g := range found {
		if s.counts(g) {
			s.addStuck(g, "primary group "+primary.name())
			s.residue(kindGroup, "group "+g.name()+" by way of the primary group "+primary.name(), "whoever has that primary group is in it", "take "+primary.name()+" out of it")
		}
	}
	return nil
}

func sameName(a, b string) bool { return a != "" && strings.EqualFold(a, b) }

// primary is the filter for the primary group, and whether it is the one that
// everybody has (Domain Users).
// https://learn.microsoft.com/windows/win32/adschema/a-primarygroupid
func (s *survey) primary() (string, bool) {
	if !s.flavour.ad() {
		if gid := s.account.get("gidNumber"); gid != "" {
			return allOf("(objectClass=posixGroup)", equal("gidNumber", gid)), false
		}
		return "", false
	}
	sid := slices.Clone(s.account.GetEqualFoldRawAttributeValue("objectSid"))
	id, err := parseUint32(s.account.get("primaryGroupID"))
	if _, ok := lastPart(sid); !ok || err != nil {
		return "", false
	}
	binary.LittleEndian.PutUint32(sid[len(sid)-4:], id)
	return "(objectSid=" + escapeBytes(sid) + ")", id == 513
}
