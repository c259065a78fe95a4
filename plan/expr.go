package plan

import (
	"regexp"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/parser"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"lastday"
)

// expr is a condition that was compiled and type-checked. It is safe to be used
// at the same time.
type expr struct {
	program cel.Program
	source  string
	at      place
}

// exprKind is what a condition speaks about.
type exprKind struct {
	env   *cel.Env
	names string
}

// Expressions are bounded twice: in length when they are read, in cost when
// they run. The cost is CEL's own measure, about one a step.
const (
	mostExpr = 2000
	mostCost = 20_000
)

func separationKind() (exprKind, error) {
	return newKind(map[string]*cel.Type{
		"person.workerType": cel.StringType,
		"person.department": cel.StringType,
		"person.manager":    cel.StringType,
		"kind":              cel.StringType,
		"source":            cel.StringType,
		"confidential":      cel.BoolType,
	}, "person.workerType, person.department, person.manager, kind, source, confidential")
}

func grantKind() (exprKind, error) {
	return newKind(map[string]*cel.Type{
		"system":          cel.StringType,
		"kind":            cel.StringType,
		"level":           cel.StringType,
		"rung":            cel.StringType,
		"resource.id":     cel.StringType,
		"resource.name":   cel.StringType,
		"resource.labels": cel.MapType(cel.StringType, cel.StringType),
		"grant.key":       cel.StringType,
		"grant.via":       cel.ListType(cel.StringType),
		"grant.managedBy": cel.StringType,
		"grant.pending":   cel.BoolType,
		"grant.direct":    cel.BoolType,
	}, "system, kind, level, rung, resource.id, resource.name, resource.labels, grant.key, grant.via, grant.managedBy, grant.pending, grant.direct")
}

// newKind leaves the macro has() out: a missing label reads as empty, so has()
// would mislead; `"x" in resource.labels` asks for it.
func newKind(vars map[string]*cel.Type, names string) (exprKind, error) {
	opts := []cel.EnvOption{
		cel.ParserExpressionSizeLimit(mostExpr),
		cel.ParserRecursionLimit(50),
		cel.ClearMacros(),
		cel.Macros(parser.AllMacro, parser.ExistsMacro, parser.ExistsOneMacro),
	}
	for name, t := range vars {
		opts = append(opts, cel.Variable(name, t))
	}
	env, err := cel.NewEnv(opts...)
	if err != nil {
		return exprKind{}, lastday.Wrap(lastday.CodeInternal, "plan: expressions", "set up", err)
	}
	return exprKind{env: env, names: names}, nil
}

// condition compiles the expression of a key. Mistakes point into the expression.
func (f fields) condition(key string, kind exprKind, required bool) expr {
	todo := "write a condition over " + kind.names
	text, ok := f.text(key, todo, required)
	if !ok {
		return expr{}
	}
	e := expr{source: strings.TrimSpace(text), at: f.place(key)}
	checked, issues := kind.env.Compile(text)
	if issues.Err() != nil {
		f.issues(key, text, issues, todo)
		return e
	}
	if !checked.OutputType().IsExactType(cel.BoolType) {
		f.r.wrong(e.at, "the condition gives "+checked.OutputType().String()+", not true or false", "compare it with something")
		return e
	}
	program, err := kind.env.Program(checked, cel.CostLimit(mostCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		f.r.wrong(e.at, "the condition cannot be run: "+err.Error(), todo)
		return e
	}
	e.program = program
	return e
}

func (f fields) issues(key, text string, issues *cel.Issues, todo string) {
	start, lines := f.exprStart(key), strings.Split(text, "\n")
	for _, e := range issues.Errors() {
		at := start
		if e.Location.Line() > 1 {
			at = place{start.line + e.Location.Line() - 1, 1 + e.Location.Column()}
		} else {
			at.column += max(e.Location.Column(), 0)
		}
		message := e.Message
		if line := e.Location.Line() - 1; line >= 0 && line < len(lines) {
			message = wholeName(message, lines[line], e.Location.Column())
		}
		f.r.wrong(at, message, todo)
	}
}

// wholeName puts the name as it is written into a message: of person.departmnt,
// which there is not, CEL names the first word alone, which looks right.
func wholeName(message, line string, column int) string {
	runes := []rune(line)
	if !strings.HasPrefix(message, "undeclared reference to '") || column < 0 || column > len(runes) {
		return message
	}
	name := regexp.MustCompile(`^\w+(\.\w+)*`).FindString(string(runes[column:]))
	first, _, _ := strings.Cut(name, ".")
	if first == "" || !strings.HasPrefix(message, "undeclared reference to '"+first+"'") {
		return message
	}
	return "undeclared reference to '" + name + "'"
}

// holds runs the condition.
func (e expr) holds(vars map[string]any) (bool, error) {
	if e.program == nil {
		return true, nil
	}
	out, _, err := e.program.Eval(vars)
	if err != nil {
		return false, lastday.Wrap(lastday.CodeInvalid, "plan: condition", "cannot decide `"+clip(e.source, 80)+"`", err)
	}
	yes, ok := out.Value().(bool)
	if !ok {
		return false, lastday.Errorf(lastday.CodeInvalid, "plan: condition", "`%s` gave no answer", clip(e.source, 80))
	}
	return yes, nil
}

func separationVars(s lastday.Separation) map[string]any {
	return map[string]any{
		"person.workerType": s.Engagement.WorkerType,
		"person.department": s.Engagement.Department,
		"person.manager":    s.Engagement.Manager,
		"kind":              string(s.Kind),
		"source":            s.Source,
		"confidential":      s.Confidential,
	}
}

func grantVars(system string, g lastday.Grant) map[string]any {
	return map[string]any{
		"system":          system,
		"kind":            g.Kind,
		"level":           g.Level().String(),
		"rung":            g.Rung,
		"resource.id":     g.Resource.ID,
		"resource.name":   g.Resource.Name,
		"resource.labels": labels{types.NewStringStringMap(types.DefaultTypeAdapter, g.Resource.Labels)},
		"grant.key":       g.Key,
		"grant.via":       g.Via,
		"grant.managedBy": g.ManagedBy,
		"grant.pending":   g.Pending,
		"grant.direct":    g.Direct(),
	}
}

// labels reads a missing label as empty: a rule such as
// resource.labels["visibility"] != "public" must bite where nobody said so.
type labels struct{ traits.Mapper }

// Find gives the label, or the empty text.
func (l labels) Find(key ref.Val) (ref.Val, bool) {
	if v, ok := l.Mapper.Find(key); ok {
		return v, true
	}
	return types.String(""), true
}

// Get gives the label, or the empty text.
func (l labels) Get(key ref.Val) ref.Val {
	v, _ := l.Find(key)
	return v
}

// exprStart is where the first character of an expression stands.
func (f fields) exprStart(key string) place {
	at := f.place(key)
	switch n := f.keys[key].value.(type) {
	case *ast.StringNode:
		if n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType {
			at.column++
		}
	case *ast.LiteralNode:
		at = place{at.line + 1, 1}
	}
	return at
}
