package awstest

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// nest reads the flat parameters of the Query protocol: Filter.member.1=User.
func nest(form url.Values) Fields {
	out := Fields{}
	for _, key := range slices.Sorted(maps.Keys(form)) {
		name, rest, nested := strings.Cut(key, ".member.")
		if key == "Action" || key == "Version" {
			continue
		}
		if !nested {
			out[key] = form.Get(key)
			continue
		}
		if _, err := strconv.Atoi(rest); err == nil {
			list, _ := out[name].([]any)
			out[name] = append(list, form.Get(key))
		}
	}
	return out
}

// xmlAnswer writes an answer of the Query protocol.
func xmlAnswer(req *request, out Fields, id string) string {
	space := map[string]string{"iam": "https://iam.amazonaws.com/doc/2010-05-08/", "sts": "https://sts.amazonaws.com/doc/2011-06-15/"}[req.service]
	var b strings.Builder
	fmt.Fprintf(&b, `<%sResponse xmlns="%s">`, req.operation, space)
	if len(out) > 0 {
		element(&b, req.operation+"Result", out)
	}
	fmt.Fprintf(&b, `<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%sResponse>`, id, req.operation)
	return b.String()
}

func xmlError(f *failure, id string) string {
	var b strings.Builder
	b.WriteString(`<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">`)
	element(&b, "Error", Fields{"Type": "Sender", "Code": f.code, "Message": f.message})
	fmt.Fprintf(&b, `<RequestId>%s</RequestId></ErrorResponse>`, id)
	return b.String()
}

func element(b *strings.Builder, name string, value any) {
	fmt.Fprintf(b, "<%s>", name)
	switch v := value.(type) {
	case Fields:
		keys := slices.Collect(maps.Keys(v))
		sort.Strings(keys)
		for _, k := range keys {
			element(b, k, v[k])
		}
	case []any:
		for _, x := range v {
			element(b, "member", x)
		}
	default:
		_ = xml.EscapeText(b, []byte(fmt.Sprint(v)))
	}
	fmt.Fprintf(b, "</%s>", name)
}
