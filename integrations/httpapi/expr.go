package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"

	"lastday"
)

// Expr is an expression in CEL, https://cel.dev, over an answer. What is not in
// the answer is an error unless the expression allows for it: a field that was
// renamed must not read as "nothing there".
type Expr struct {
	// Source is the text as it was written; empty means that there is none.
	Source string

	program cel.Program
}

// UnmarshalText keeps the text; it is compiled with all others.
func (e *Expr) UnmarshalText(text []byte) error {
	e.Source = strings.TrimSpace(string(text))
	return nil
}

func (e Expr) given() bool { return e.Source != "" }

// Expressions are bounded in length when they are read, and in cost, CEL's own
// measure of about one a step, when they run.
const (
	mostExpr = 2000
	mostCost = 2_000_000
)

// names are what expressions may speak of.
const names = "answer, item, asked, account_id, status, header"

func newEnv() (*cel.Env, error) {
	env, err := cel.NewEnv(
		cel.ParserExpressionSizeLimit(mostExpr),
		cel.ParserRecursionLimit(50),
		cel.OptionalTypes(),
		ext.Strings(),
		cel.Variable("answer", cel.DynType),
		cel.Variable("item", cel.DynType),
		cel.Variable("asked", cel.StringType),
		cel.Variable("account_id", cel.StringType),
		cel.Variable("status", cel.IntType),
		cel.Variable("header", cel.MapType(cel.StringType, cel.StringType)),
	)
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInternal, "httpapi: expressions", "set up", err)
	}
	return env, nil
}

// compile gives what is wrong, empty if nothing is.
func (e *Expr) compile(env *cel.Env) string {
	checked, issues := env.Compile(e.Source)
	if issues.Err() != nil {
		return issues.Errors()[0].Message + "; expressions speak of " + names
	}
	program, err := env.Program(checked, cel.CostLimit(mostCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return "cannot be run: " + err.Error()
	}
	e.program = program
	return ""
}

// scope is what an expression sees.
type scope struct {
	reply
	item    ref.Val
	asked   string
	account string
}

func (s scope) vars() map[string]any {
	vars := map[string]any{
		"answer": s.answer, "item": types.NullValue, "asked": s.asked,
		"account_id": s.account, "status": int64(s.status), "header": s.flatHeader(),
	}
	if s.item != nil {
		vars["item"] = s.item
	}
	return vars
}

// eval runs the expression. Its errors name the expression alone: CEL's own may
// quote the answer.
func (e Expr) eval(s scope) (ref.Val, error) {
	out, _, err := e.program.Eval(s.vars())
	if err != nil || types.IsError(out) || types.IsUnknown(out) {
		return nil, lastday.Errorf(lastday.CodeInvalid, "httpapi: answer", "`%s` cannot be read from it: something is missing or of another kind", e.Source)
	}
	return out, nil
}

// text gives a text. Whole numbers and booleans are written out, null is empty.
func (e Expr) text(s scope) (string, error) {
	if !e.given() {
		return "", nil
	}
	out, err := e.eval(s)
	if err != nil {
		return "", err
	}
	switch v := out.(type) {
	case types.String:
		return string(v), nil
	case types.Int:
		return strconv.FormatInt(int64(v), 10), nil
	case types.Uint:
		return strconv.FormatUint(uint64(v), 10), nil
	case types.Bool:
		return strconv.FormatBool(bool(v)), nil
	case types.Null:
		return "", nil
	}
	return "", e.unfit("a text")
}

// holds gives true or false; an expression that is not there gives otherwise.
func (e Expr) holds(s scope, otherwise bool) (bool, error) {
	if !e.given() {
		return otherwise, nil
	}
	out, err := e.eval(s)
	if err != nil {
		return false, err
	}
	yes, ok := out.(types.Bool)
	if !ok {
		return false, e.unfit("true or false")
	}
	return bool(yes), nil
}

func (e Expr) number(s scope) (int64, error) {
	out, err := e.eval(s)
	if err != nil {
		return 0, err
	}
	n, ok := out.(types.Int)
	if !ok {
		return 0, e.unfit("a whole number")
	}
	return int64(n), nil
}

// list gives the elements of a list. Null is no list: it may stand for "you may
// not see that".
func (e Expr) list(s scope) ([]ref.Val, error) {
	out, err := e.eval(s)
	if err != nil {
		return nil, err
	}
	list, ok := out.(traits.Lister)
	if !ok {
		return nil, e.unfit("a list")
	}
	var all []ref.Val
	for at := list.Iterator(); at.HasNext() == types.True; {
		all = append(all, at.Next())
	}
	return all, nil
}

func (e Expr) unfit(want string) error {
	return lastday.Errorf(lastday.CodeInvalid, "httpapi: answer", "`%s` does not give %s", e.Source, want)
}

// parseJSON reads one JSON value and nothing after it. Whole numbers stay whole:
// ids are longer than a float is exact.
func parseJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	return whole(tree), nil
}

func whole(tree any) any {
	switch v := tree.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, err := v.Float64()
		if err != nil || strings.Trim(v.String(), "-0123456789") == "" {
			return v.String() // a whole number too large to count with is a name
		}
		return f
	case map[string]any:
		for key := range v {
			v[key] = whole(v[key])
		}
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	}
	return tree
}
