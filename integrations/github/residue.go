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
		names, err := d.names(ctx, thing.where, thing.list)
		if err != nil && !hidden(err) {
			return err
		}
		if r, ok := d.leftover(thing.kind, thing.where, thing.todo, names, err); ok {
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

func (d *driver) names(ctx context.Context, where, member string) ([]string, error) {
	op := "list " + strings.ReplaceAll(where, "/", " ")
	full := d.client.inOrg(strings.Split(where, "/")...)
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
		r.What, r.Why = what+" of the organization", "we may not list them: "+string(lastday.CodeOf(err))
	case len(names) == 0:
		return r, false
	default:
		const most = 20
		shown := names[:min(most, len(names))]
		r.What = fmt.Sprintf("%d %s: %s", len(names), what, strings.Join(shown, ", "))
	}
	return r, true
}

// readLeft tells what cannot be taken: of everybody, and of this person.
func (d *driver) readLeft(ctx context.Context, r *reading) error {
	idx, err := d.index.current(ctx)
	if err != nil {
		return err
	}
	r.page.Residue = append(r.page.Residue, idx.left...)
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
