package github

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lastday"
)

// glance is what one GraphQL query tells about a person at once: teams, the
// identity provider's link, the roles on the first repositories, and how things
// stand now wherever the index saw the person named. Whatever it lacks is read
// by a query of its own.
type glance struct {
	teams  []team
	whole  bool // the teams fit in
	linked bool // the identity provider links the account
	roles  []repoRole
	named  []namedRepo
	rules  map[int64]string // when the organization's rulesets were changed last
	// own says whether the person shows as one of the organization in this
	// answer, others that another member does.
	own, others bool
}

// question is what one glance asks.
type question struct {
	who     who
	witness user
	member  bool
	saml    bool
	roles   []indexedRepo
	named   []indexedRepo
	rules   []int64
}

const teamFields = `(first:50,after:$after,userLogins:[$login]){pageInfo{hasNextPage endCursor}nodes{databaseId slug name
  members(first:20,membership:IMMEDIATE,query:$login){edges{role node{databaseId}}}
  repositories(first:100){pageInfo{hasNextPage endCursor}edges{permission node{databaseId}}}}}`

const linkFields = `samlIdentityProvider{externalIdentities(first:5,login:$login){nodes{guid user{databaseId}}}}`

// text is the query.
func (q question) text() string {
	var b strings.Builder
	vars := "$org:String!,$login:String!,$witness:String!"
	if q.member {
		vars += ",$after:String"
	}
	b.WriteString("query(" + vars + "){l:user(login:$login){databaseId organization(login:$org){id}}" +
		"w:user(login:$witness){databaseId organization(login:$org){id}}organization(login:$org){id ")
	if q.saml {
		b.WriteString(linkFields)
	}
	if q.member {
		b.WriteString("teams" + teamFields)
	}
	ask := func(alias, fragment string, repos []indexedRepo) {
		for i, r := range repos {
			fmt.Fprintf(&b, "%s%d:repository(name:%q,followRenames:false){...%s}", alias, i, r.name, fragment)
		}
	}
	ask("r", "F", q.roles)
	ask("g", "G", q.named)
	for i, id := range q.rules {
		fmt.Fprintf(&b, "s%d:ruleset(databaseId:%d){databaseId updatedAt}", i, id)
	}
	b.WriteString("}}")
	if len(q.roles) > 0 {
		b.WriteString(roleFragment)
	}
	if len(q.named) > 0 {
		b.WriteString(namedFragment())
	}
	return b.String()
}

// question says what one glance can answer about the person; not ok if it cannot
// answer anything.
func (d *driver) question(ctx context.Context, w who, s standing) (q question, ok bool, err error) {
	if d.cfg.NoGraphQL || w.login == "" {
		return q, false, nil
	}
	idx, err := d.index.current(ctx)
	if err != nil {
		return q, false, err
	}
	q = question{who: w, member: s.in, saml: idx.saml == samlOn}
	if q.witness, err = d.otherMember(ctx, idx, w); err != nil || q.witness.ID == 0 {
		return q, false, err
	}
	if s.mayHaveRoles() {
		q.roles = idx.repos[:min(len(idx.repos), d.batch())]
	}
	q.named = idx.naming(w)
	for _, p := range inPlaceOrder(idx.rulesets[w.id]) {
		if p.repo == "" {
			q.rules = append(q.rules, p.id)
		}
	}
	strange := func(r indexedRepo) bool { return !validRepo(r.name) }
	fits := len(q.named)+len(q.rules) <= guardBatch && !slices.ContainsFunc(slices.Concat(q.roles, q.named), strange)
	return q, fits, nil
}

// otherMember is somebody whose membership should show beside the person's.
func (d *driver) otherMember(ctx context.Context, idx *snapshot, w who) (user, error) {
	me, err := d.whoAmI(ctx)
	if err != nil {
		return user{}, err
	}
	for _, u := range append([]user{{ID: me.id, Login: me.login}}, idx.witnesses...) {
		if u.ID != 0 && u.ID != w.id && validLogin(u.Login) {
			return u, nil
		}
	}
	return user{}, nil
}

type belonging struct {
	DatabaseID   int64     `json:"databaseId"`
	Organization *struct{} `json:"organization"`
}

func (b *belonging) is(id int64) bool { return b != nil && b.DatabaseID == id }

// look asks everything that fits into one query. nil says that something in it
// was refused: then each part is asked by itself, so that one that is hidden
// does not hide the rest.
func (d *driver) look(ctx context.Context, w who, s standing) (*glance, error) {
	q, ok, err := d.question(ctx, w, s)
	if err != nil || !ok {
		return nil, err
	}
	var got struct {
		L            *belonging      `json:"l"`
		W            *belonging      `json:"w"`
		Organization json.RawMessage `json:"organization"`
	}
	vars := map[string]any{"org": d.cfg.Org, "login": w.login, "witness": q.witness.Login}
	err = d.client.query(ctx, "read account", q.text(), vars, &got)
	if err != nil || !got.L.is(w.id) {
		return nil, unlessHidden(d.askLess(err))
	}
	g := &glance{own: got.L.Organization != nil, others: got.W.is(q.witness.ID) && got.W.Organization != nil}
	return g, d.fill(g, q, got.Organization)
}

// fill reads the organization's part of the answer.
func (d *driver) fill(g *glance, q question, text json.RawMessage) error {
	const op = "read account"
	var parts map[string]json.RawMessage
	if json.Unmarshal(text, &parts) != nil {
		return lastday.Errorf(lastday.CodeInvalid, op, "an answer of another shape")
	}
	roles, err := aliased[graphCollaborators](parts, "r", len(q.roles))
	if err != nil {
		return err
	}
	named, err := aliased[graphNamed](parts, "g", len(q.named))
	if err != nil {
		return err
	}
	rules, err := aliased[indexedRules](parts, "s", len(q.rules))
	if err != nil {
		return err
	}
	if err := g.person(q, text); err != nil {
		return err
	}
	if g.roles, err = matchRoles(d, op, q.roles, roles, q.who); err != nil {
		return err
	}
	if g.named, err = matchNamed(d, op, q.named, named); err != nil {
		return err
	}
	g.rules = map[int64]string{}
	for i := range q.rules {
		if r := rules["s"+strconv.Itoa(i)]; r != nil {
			g.rules[r.ID] = r.Updated
		}
	}
	return nil
}

// aliased decodes the members of an answer that have an alias and a number.
func aliased[T any](parts map[string]json.RawMessage, alias string, n int) (map[string]*T, error) {
	out := make(map[string]*T, n)
	for i := range n {
		name := alias + strconv.Itoa(i)
		var one *T
		if text, ok := parts[name]; ok && json.Unmarshal(text, &one) != nil {
			return nil, lastday.Errorf(lastday.CodeInvalid, "read account", "an answer of another shape")
		}
		out[name] = one
	}
	return out, nil
}

// person reads teams and the identity provider's link.
func (g *glance) person(q question, text json.RawMessage) error {
	var got struct {
		Provider *linkedIdentities `json:"samlIdentityProvider"`
		Teams    struct {
			PageInfo pageInfo    `json:"pageInfo"`
			Nodes    []graphTeam `json:"nodes"`
		} `json:"teams"`
	}
	if json.Unmarshal(text, &got) != nil {
		return lastday.Errorf(lastday.CodeInvalid, "read account", "an answer of another shape")
	}
	g.linked = got.Provider.links(q.who)
	g.whole = q.member && !got.Teams.PageInfo.HasNextPage
	for _, n := range got.Teams.Nodes {
		g.teams = append(g.teams, n.of(q.who))
	}
	return nil
}
