package github

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lastday"
)

// indexLeft counts what belongs to nobody in particular: it may be the
// leaver's, and GitHub cannot tell. What we may not see is told as such.
func (d *driver) indexLeft(ctx context.Context, s *snapshot) error {
	for _, thing := range []struct{ kind, where, list, todo string }{
		{"webhook", "hooks", "", "check that none of them posts to an address of the person"},
		{"runner", "actions/runners", "runners", "check that none of them runs on a machine of the person"},
		{"installation", "installations", "installations", "check who owns the apps that are installed"},
		{"secret", "actions/secrets", "secrets", "rotate those that the person could read or set"},
		{"secret", "dependabot/secrets", "secrets", "rotate those that the person could read or set"},
		{"secret", "codespaces/secrets", "secrets", "rotate those that the person could read or set"},
	} {
		where := d.client.inOrg(strings.Split(thing.where, "/")...)
		names, err := d.names(ctx, where, "list "+strings.ReplaceAll(thing.where, "/", " "), thing.list)
		if err != nil && !hidden(err) {
			return err
		}
		if r, ok := d.leftover(thing.kind, thing.where+" of the organization", thing.todo, names, err); ok {
			s.left = append(s.left, r)
		}
	}
	return nil
}

// namedThing is whatever has a name, or an address that is told by its host alone.
type namedThing struct {
	ID     int64  `json:"id"`
	Name   string `json:"name"`
	Slug   string `json:"app_slug"`
	Config struct {
		URL string `json:"url"`
	} `json:"config"`
}

func (n namedThing) String() string {
	if n.Slug != "" {
		return n.Slug
	}
	if _, rest, ok := strings.Cut(n.Config.URL, "://"); ok {
		host, _, _ := strings.Cut(rest, "/")
		return host
	}
	return n.Name
}

func (d *driver) names(ctx context.Context, full, op, member string) ([]string, error) {
	var names []string
	if member == "" {
		err := list(ctx, d.client, op, full, func(n namedThing) { names = append(names, n.String()) })
		return names, err
	}
	err := walk(ctx, d.client, op, full, func(page map[string]rawList) {
		for _, n := range page[member] {
			names = append(names, n.String())
		}
	})
	return names, err
}

func (d *driver) leftover(kind, where, todo string, names []string, err error) (lastday.Residue, bool) {
	what := strings.ReplaceAll(where, "/", " ")
	r := lastday.Residue{System: d.system, Kind: kind, Why: "GitHub does not say whose they are", Todo: todo}
	switch {
	case err != nil:
		r.What, r.Why = what, "we may not list them: "+string(lastday.CodeOf(err))
	case len(names) == 0:
		return r, false
	default:
		r.What = shortened(names, what)
	}
	return r, true
}

// shortened counts names and gives the first of them.
func shortened(names []string, what string) string {
	const most = 20
	return fmt.Sprintf("%d %s: %s", len(names), what, strings.Join(names[:min(most, len(names))], ", "))
}

// indexFailed lists invitations that led to nothing.
// https://docs.github.com/rest/orgs/members#list-failed-organization-invitations
func (d *driver) indexFailed(ctx context.Context, s *snapshot) error {
	err := list(ctx, d.client, "list failed invitations", d.client.inOrg("failed_invitations"), func(i orgInvitation) { s.failed = append(s.failed, i) })
	return unlessHidden(err) // organizations of managed users have none
}

// failedResidue tells of failed invitations of the person or by them.
func (d *driver) failedResidue(all []orgInvitation, w who) []lastday.Residue {
	var names []string
	for _, i := range all {
		if i.by(w) || i.Login != "" && strings.EqualFold(i.Login, w.login) {
			names = append(names, itoa(i.ID))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []lastday.Residue{{
		System: d.system, Kind: "failed_invitation", What: shortened(names, "failed invitations of the organization"), Harmless: true,
		Why: "the person sent them or they were for the person; they expired or were refused, and grant nothing",
	}}
}

// readLeft tells what cannot be taken: of everybody, and of this person.
func (d *driver) readLeft(ctx context.Context, r *reading) error {
	idx, err := d.index.current(ctx)
	if err != nil {
		return err
	}
	r.page.Residue = append(r.page.Residue, idx.left...)
	r.page.Residue = append(r.page.Residue, d.failedResidue(idx.failed, r.who)...)
	var repos []string
	for _, repo := range idx.repos {
		if slices.Contains(repo.codeowners, strings.ToLower(r.who.login)) {
			repos = append(repos, repo.name)
		}
	}
	if len(repos) > 0 {
		r.page.Residue = append(r.page.Residue, lastday.Residue{
			System: d.system, Kind: "codeowners", What: "CODEOWNERS names the person in " + strings.Join(repos, ", "), Harmless: true,
			Why: "files are changed by pull request, never by us; without access the name does nothing", Todo: "name somebody else",
		})
	}
	r.page.Residue = append(r.page.Residue, lastday.Residue{
		System: d.system, Kind: "own_account", What: "public forks, gists, SSH keys and classic tokens of the person's own account", Harmless: true,
		Why: "the account is the person's; what it holds opens nothing here once the membership is gone",
	})
	return nil
}

// rawList is a list inside an object whose other members are no lists.
type rawList []namedThing

// UnmarshalJSON reads a list and passes over whatever is none, such as a count.
func (l *rawList) UnmarshalJSON(text []byte) error {
	if len(text) == 0 || text[0] != '[' {
		return nil
	}
	return json.Unmarshal(text, (*[]namedThing)(l))
}
