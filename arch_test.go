package lastday_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "lastday"

// layer says what the packages of a folder may import. The sources are read
// with go/parser: a test that calls `go list` is cached while the tree changes.
type layer struct {
	// in is a folder; with "/..." at its end also those below, unless a layer
	// before it has them.
	in string
	// may lists folders of ours, patterns like in.
	may []string
	// beside lists what it may import from others, by prefix. The standard library
	// is always allowed.
	beside []string
	why    string
}

func layers() []layer {
	temporal := []string{"go.temporal.io/sdk", "go.temporal.io/api"}
	return []layer{
		{".", nil, nil, "the words must be usable everywhere, so they depend on nothing"},
		{"plan", []string{"."}, []string{"cel.dev/cel-go", "github.com/goccy/go-yaml"}, "planning is pure: no far side, no Temporal, nothing to go wrong but the plan"},
		{"activities", []string{".", "plan", "integrations", "audit"}, temporal, "activities are the only callers of integrations, through the contract"},
		{"workflows", []string{".", "plan", "activities"}, append([]string{"google.golang.org/protobuf"}, temporal...), "workflows see far sides only through activities"},
		{"audit", []string{"."}, []string{"golang.org/x/mod/sumdb"}, "the log is arithmetic over records: nothing in it can fail but the sum"},
		{"audit/sink", []string{".", "audit"}, []string{"golang.org/x/mod/sumdb", "github.com/aws/aws-sdk-go-v2"}, "what carries checkpoints away sees no record"},
		{"audit/store", []string{".", "audit"}, []string{"golang.org/x/mod/sumdb", "modernc.org/sqlite", "github.com/jackc/pgx"}, "a store keeps what it is given and knows no case"},
		{"intake", []string{".", "plan", "workflows", "integrations/hr"}, append([]string{"github.com/prometheus"}, temporal...), "intake hands over to workflows and never reaches a far side but to ask HR"},
		{"audit/bundle", []string{".", "audit", "audit/store"}, []string{"golang.org/x/mod/sumdb"}, "a bundle is checked without any workflow: who replays is handed in"},
		{"audit/story", []string{"."}, nil, "what records tell stands on the words alone"},
		{"audit/story/storytest", []string{"."}, nil, "a fake must not lean on the fold that it tests"},
		{"audit/report", []string{".", "audit/story", "audit/stats", "audit/population"}, nil, "pages say what the fold says, and no more"},
		{"audit/stats", []string{".", "audit/story"}, nil, "numbers count what the fold says"},
		{"audit/population", []string{".", "audit/story"}, nil, "lists are compared, not fetched"},
		{"audit/siem", []string{"."}, nil, "events are made of records alone"},
		{"codec", []string{"."}, append([]string{"google.golang.org/protobuf"}, temporal...), "encryption knows payloads, not cases"},
		{"internal/config", []string{"."}, []string{"github.com/goccy/go-yaml"}, "reading the file opens nothing"},
		{"internal/links", []string{"."}, []string{"github.com/jackc/pgx", "modernc.org/sqlite"}, "the link table knows no system"},
		{"internal/replay", []string{".", "activities", "workflows", "codec", "audit", "audit/bundle"}, temporal, "replaying needs the workflows and no far side"},
		{"internal/secret", []string{"."}, nil, "who holds secrets depends on as little as possible"},
		{"internal/app", []string{"..."}, []string{""}, "the runtime puts everything together"},
		{"worker", []string{"internal/app"}, nil, "a main holds no decisions"},
		{"starter", []string{"internal/app"}, nil, "a main holds no decisions"},
		{"cmd/...", []string{"..."}, []string{""}, "people's command speaks of everything"},
		{"test/...", []string{"..."}, []string{""}, "end-to-end tests boot the whole"},
		{"bench/...", []string{"..."}, []string{""}, "benchmarks measure the whole"},
		{"integrations", []string{".", "integrations/internal/httpx"}, nil, "the contract speaks in the words alone; what wraps every driver counts its calls"},
		{"integrations/internal/httpx", []string{"."}, []string{"golang.org/x/oauth2"}, "the HTTP plumbing knows no driver"},
		{"integrations/catalog", []string{"integrations/..."}, nil, "the catalog is a list"},
		{"integrations/integrationtest", []string{".", "integrations"}, nil, "the suite knows no driver"},
		{"integrations/custody", []string{".", "integrations"}, []string{"github.com/goccy/go-yaml"}, "integrations do not know each other"},
		{"integrations/manual", []string{".", "integrations"}, nil, "integrations do not know each other"},
		{"integrations/github", []string{".", "integrations", "integrations/internal/httpx"}, []string{"github.com/google/go-github", "golang.org/x/oauth2", "golang.org/x/sync"}, "integrations do not know each other, nor Temporal"},
		{"integrations/github/...", []string{".", "integrations", "integrations/github/..."}, []string{"github.com/getkin/kin-openapi", "github.com/vektah/gqlparser"}, "a fake must not lean on the driver it tests, but on the vendor's contract"},
		{"integrations/postgres", []string{".", "integrations", "integrations/internal/httpx"}, []string{"github.com/jackc/pgx"}, "integrations do not know each other, nor Temporal"},
		{"integrations/postgres/postgrestest", nil, []string{"github.com/jackc/pgx"}, "a real server knows nothing of the driver it tests"},
		{"integrations/scim", []string{".", "integrations", "integrations/internal/httpx"}, nil, "integrations do not know each other, nor Temporal"},
		{"integrations/scim/scimtest", nil, nil, "a fake must not lean on the driver it tests"},
		{"integrations/httpapi", []string{".", "integrations", "integrations/internal/httpx"}, []string{"cel.dev/cel-go", "github.com/goccy/go-yaml", "golang.org/x/oauth2"}, "integrations do not know each other, nor Temporal"},
		{"integrations/httpapi/httpapitest", []string{"integrations/integrationtest"}, nil, "a fake must not lean on the driver it tests"},
		{"integrations/aws", []string{".", "integrations", "integrations/internal/httpx"}, []string{"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go"}, "integrations do not know each other, nor Temporal"},
		{"integrations/aws/awstest", []string{"integrations/integrationtest"}, []string{"github.com/aws/aws-sdk-go-v2"}, "a fake must not lean on the driver it tests"},
		{"integrations/ldap", []string{".", "integrations", "integrations/internal/httpx"}, []string{"github.com/go-ldap/ldap", "github.com/go-asn1-ber/asn1-ber"}, "integrations do not know each other, nor Temporal"},
		{"integrations/ldap/ldaptest", nil, []string{"github.com/go-ldap/ldap", "github.com/go-asn1-ber/asn1-ber"}, "directories for tests know nothing of the driver they test"},
		{"integrations/okta", []string{".", "integrations", "integrations/internal/httpx"}, nil, "integrations do not know each other, nor Temporal"},
		{"integrations/okta/oktatest", []string{"integrations/integrationtest"}, nil, "a fake must not lean on the driver it tests"},
		{"integrations/script", []string{".", "integrations", "integrations/internal/httpx"}, nil, "integrations do not know each other, nor Temporal"},
		{"examples/...", nil, nil, "an example is copied, so that it depends on nothing"},
		{"integrations/hr", []string{"."}, []string{"github.com/goccy/go-yaml"}, "the contract of HR sources speaks in the words alone"},
		{"integrations/hr/...", []string{".", "integrations/hr/...", "integrations/internal/httpx"}, nil, "HR sources do not know the other integrations"},
		{"integrations/notify", []string{"."}, nil, "the contract of channels speaks in the words alone"},
		{"integrations/notify/...", []string{".", "integrations/notify/...", "integrations/internal/httpx"}, []string{"github.com/google/go-cmp"}, "channels do not know the other integrations"},
	}
}

// restricted lists packages of ours that only few may import, tests included.
func restricted() []layer {
	return []layer{
		{"integrations/catalog", []string{"internal/app", "integrations/catalog", "cmd/..."}, nil, "what exists is chosen where everything is put together"},
		{"integrations/github", []string{"integrations/catalog", "integrations/github/..."}, nil, "only the catalog knows a vendor"},
		{"integrations/custody", []string{"integrations/catalog", "integrations/custody"}, nil, "only the catalog knows an integration"},
		{"integrations/manual", []string{"integrations/catalog", "integrations/manual"}, nil, "only the catalog knows an integration"},
		{"integrations/postgres", []string{"integrations/catalog", "integrations/postgres"}, nil, "only the catalog knows a vendor"},
		{"integrations/scim", []string{"integrations/catalog", "integrations/scim"}, nil, "only the catalog knows an integration"},
		{"integrations/httpapi", []string{"integrations/catalog", "integrations/httpapi"}, nil, "only the catalog knows an integration"},
		{"integrations/aws", []string{"integrations/catalog", "integrations/aws"}, nil, "only the catalog knows a vendor"},
		{"integrations/ldap", []string{"integrations/catalog", "integrations/ldap"}, nil, "only the catalog knows a vendor"},
		{"integrations/okta", []string{"integrations/catalog", "integrations/okta"}, nil, "only the catalog knows a vendor"},
		{"integrations/script", []string{"integrations/catalog", "integrations/script"}, nil, "only the catalog knows an integration"},
		{"integrations/notify/webhook", []string{"integrations/catalog", "integrations/notify/webhook"}, nil, "only the catalog knows a channel"},
		{"integrations/internal/httpx", []string{"integrations/..."}, nil, "only integrations speak HTTP to far sides"},
	}
}

// clocks lists where time.Now may be called. Everybody else is given a clock.
func clocks() []string {
	return []string{"activities", "intake", "internal/app", "integrations/internal/httpx", "integrations/integrationtest", "integrations/hr/hrtest", "integrations/github/githubtest", "worker", "starter", "cmd/...", "bench/...", "test/..."}
}

// vendors lists names that must stay in the folders that are theirs.
func vendors() *regexp.Regexp {
	return regexp.MustCompile(`(?i)github|gitlab|okta|slack|workday|bamboohr|atlassian|salesforce|personio|rippling`)
}

// source is one file of the tree.
type source struct {
	path  string
	file  *ast.File
	lines int
	set   *token.FileSet
}

func (s source) dir() string          { return path.Dir(s.path) }
func (s source) test() bool           { return strings.HasSuffix(s.path, "_test.go") }
func (s source) fake() bool           { return strings.HasSuffix(s.dir(), "test") }
func (s source) line(p token.Pos) int { return s.set.Position(p).Line }

func parse(t *testing.T, name string, text any) source {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return source{path: filepath.ToSlash(name), file: file, set: set, lines: set.File(file.Pos()).LineCount()}
}

// tree reads all sources but the module dev and what is only test data.
func tree(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (name == "dev" || d.Name() == "testdata" || d.Name() == "node_modules" || (name != "." && strings.HasPrefix(d.Name(), "."))) {
			return fs.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(name, ".go") {
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			all = append(all, parse(t, name, text))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// within says whether a folder is one of the patterns'.
func within(dir string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		below, deep := strings.CutSuffix(p, "...")
		return dir == strings.TrimSuffix(below, "/") || (deep && strings.HasPrefix(dir, below))
	})
}

// imports gives the folder of a file's imports of ours, and the paths of others
// that are not the standard library's.
func (s source) imports() (ours, others []string) {
	for _, spec := range s.file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		first, _, _ := strings.Cut(name, "/")
		switch {
		case err != nil:
		case name == module:
			ours = append(ours, ".")
		case first == module:
			ours = append(ours, strings.TrimPrefix(name, module+"/"))
		case strings.Contains(first, "."):
			others = append(others, name)
		}
	}
	return ours, others
}

// checkLayers holds every source to its layer. Tests may import what they like
// of ours, where restricted does not say otherwise.
func checkLayers(sources []source) []string {
	var wrong []string
	used := map[string]bool{}
	for _, s := range sources {
		i := slices.IndexFunc(layers(), func(l layer) bool { return within(s.dir(), []string{l.in}) })
		if i < 0 {
			wrong = append(wrong, fmt.Sprintf("%s: no layer says what %s may import: add one to layers", s.path, s.dir()))
			continue
		}
		l := layers()[i]
		used[l.in] = true
		if s.test() {
			continue
		}
		ours, others := s.imports()
		for _, dir := range ours {
			if !within(dir, l.may) && dir != s.dir() {
				wrong = append(wrong, fmt.Sprintf("%s imports %s: %s", s.path, dir, l.why))
			}
		}
		for _, name := range others {
			if !slices.ContainsFunc(l.beside, func(p string) bool { return strings.HasPrefix(name, p) }) {
				wrong = append(wrong, fmt.Sprintf("%s imports %s: %s", s.path, name, l.why))
			}
		}
	}
	for _, l := range layers() {
		if !used[l.in] {
			wrong = append(wrong, "the layer "+l.in+" matches nothing")
		}
	}
	return wrong
}

func checkRestricted(sources []source) []string {
	var wrong []string
	for _, r := range restricted() {
		exists := false
		for _, s := range sources {
			exists = exists || s.dir() == r.in
			ours, _ := s.imports()
			if slices.Contains(ours, r.in) && !within(s.dir(), r.may) {
				wrong = append(wrong, fmt.Sprintf("%s imports %s: %s", s.path, r.in, r.why))
			}
		}
		if !exists {
			wrong = append(wrong, "the restriction of "+r.in+" matches nothing")
		}
	}
	for _, s := range sources {
		ours, others := s.imports()
		for _, dir := range ours {
			if path.Base(dir) != "integrationtest" && !strings.HasSuffix(dir, "test") || s.test() || s.fake() || dir == s.dir() {
				continue
			}
			wrong = append(wrong, fmt.Sprintf("%s imports %s: fakes belong to tests and to dev", s.path, dir))
		}
		for _, name := range others {
			if strings.HasPrefix(name, "go.temporal.io/server") {
				wrong = append(wrong, fmt.Sprintf("%s imports %s: the server belongs to the module dev", s.path, name))
			}
		}
	}
	return wrong
}

func checkVendors(sources []source) []string {
	var wrong []string
	known := false
	for _, s := range sources {
		if within(s.dir(), []string{"integrations/...", "examples/...", "docs/..."}) {
			known = known || vendors().MatchString(s.path)
			continue
		}
		if vendors().MatchString(s.path) {
			wrong = append(wrong, s.path+": a vendor's name stands in the path")
		}
		if s.test() {
			continue // a test may call its example after a vendor
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && vendors().MatchString(id.Name) {
				wrong = append(wrong, fmt.Sprintf("%s:%d: %s is called after a vendor: what every far side has must be said without", s.path, s.line(id.Pos()), id.Name))
			}
			return true
		})
	}
	if !known {
		wrong = append(wrong, "no vendor's name was found where they belong: the pattern matches nothing")
	}
	return wrong
}

func checkClocks(sources []source) []string {
	var wrong []string
	used := map[string]bool{}
	for _, s := range sources {
		if s.test() {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok || call.Sel.Name != "Now" {
				return true
			}
			if x, ok := call.X.(*ast.Ident); !ok || x.Name != "time" {
				return true
			}
			used[s.dir()] = true
			if !within(s.dir(), clocks()) {
				wrong = append(wrong, fmt.Sprintf("%s:%d: time.Now: take the clock as an argument, or nobody can test a last day", s.path, s.line(call.Pos())))
			}
			return true
		})
	}
	if len(used) == 0 {
		wrong = append(wrong, "time.Now was found nowhere: the rule matches nothing")
	}
	return wrong
}

// checkManners holds files to what makes them readable.
func checkManners(sources []source) []string {
	const mostLines, mostFunc = 450, 80
	var wrong []string
	documented, dirs := map[string]bool{}, map[string]bool{}
	for _, s := range sources {
		if s.test() {
			continue
		}
		dirs[s.dir()] = true
		documented[s.dir()] = documented[s.dir()] || s.file.Doc != nil
		if s.lines > mostLines {
			wrong = append(wrong, fmt.Sprintf("%s has %d lines, at most %d are read with pleasure", s.path, s.lines, mostLines))
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if f.Name.Name == "init" && f.Recv == nil {
				wrong = append(wrong, s.path+": init: what happens must be called by somebody")
			}
			if n := s.line(f.End()) - s.line(f.Pos()) + 1; n > mostFunc {
				wrong = append(wrong, fmt.Sprintf("%s: %s has %d lines, at most %d", s.path, f.Name.Name, n, mostFunc))
			}
		}
	}
	for dir := range dirs {
		if !documented[dir] {
			wrong = append(wrong, dir+": the package has no comment that says what it is for")
		}
		if slices.Contains([]string{"util", "utils", "common", "helpers", "types", "models", "manager", "base", "core"}, path.Base(dir)) {
			wrong = append(wrong, dir+": the name says nothing")
		}
	}
	slices.Sort(wrong)
	return wrong
}

func TestTheTreeKeepsItsShape(t *testing.T) {
	sources := tree(t)
	for name, check := range shape() {
		for _, w := range check(sources) {
			t.Errorf("%s: %s", name, w)
		}
	}
}

func shape() map[string]func([]source) []string {
	return map[string]func([]source) []string{
		"layers": checkLayers, "restricted": checkRestricted, "vendors": checkVendors, "clocks": checkClocks, "manners": checkManners,
	}
}

func TestEveryRuleCanBeBroken(t *testing.T) {
	long := "\n" + strings.Repeat("_ = 1\n", 90)
	cases := map[string]struct{ check, name, text, want string }{
		"root imports":       {"layers", "x.go", `import "lastday/plan"`, "imports plan"},
		"plan calls out":     {"layers", "plan/x.go", `import "go.temporal.io/sdk/workflow"`, "imports go.temporal.io"},
		"driver to driver":   {"layers", "integrations/manual/x.go", `import "lastday/integrations/github"`, "imports integrations/github"},
		"no layer":           {"layers", "nowhere/x.go", ``, "no layer"},
		"matches nothing":    {"layers", "nowhere/x.go", ``, "matches nothing"},
		"vendor import":      {"restricted", "activities/x_test.go", `import "lastday/integrations/github"`, "only the catalog"},
		"fake in production": {"restricted", "internal/app/x.go", `import "lastday/integrations/github/githubtest"`, "fakes belong"},
		"server":             {"restricted", "test/x_test.go", `import "go.temporal.io/server/temporal"`, "module dev"},
		"vendor path":        {"vendors", "plan/github.go", ``, "in the path"},
		"vendor name":        {"vendors", "plan/x.go", `func readGitHub() {}`, "called after a vendor"},
		"clock":              {"clocks", "plan/x.go", `import "time"; var x = time.Now`, "take the clock"},
		"init":               {"manners", "plan/x.go", `func init() {}`, "init"},
		"long function":      {"manners", "plan/x.go", `func f() {` + long + `}`, "has 92 lines"},
		"long file":          {"manners", "plan/x.go", strings.Repeat("\n", 500), "at most 450"},
		"no comment":         {"manners", "plan/x.go", ``, "no comment"},
		"empty name":         {"manners", "plan/util/x.go", ``, "says nothing"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			wrong := shape()[c.check]([]source{parse(t, c.name, "package x; "+c.text)})
			if !strings.Contains(strings.Join(wrong, "\n"), c.want) {
				t.Errorf("%q was not told: %v", c.want, wrong)
			}
		})
	}
}
