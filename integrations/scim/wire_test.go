package scim

import (
	"encoding/json"
	"testing"
)

func TestBooleansAsTheyCome(t *testing.T) {
	for in, want := range map[string]string{
		`true`: "true", `false`: "false", `"True"`: "true", `"False"`: "false", `"true"`: "true", `"FALSE"`: "false", `null`: "nil",
		`"yes"`: "error", `1`: "error", `"1"`: "error", `"t"`: "error", `""`: "error", `{}`: "error", `[true]`: "error",
	} {
		var u user
		err := json.Unmarshal([]byte(`{"active":`+in+`}`), &u)
		got := "nil"
		switch {
		case err != nil:
			got = "error"
		case u.Active != nil:
			got = map[bool]string{true: "true", false: "false"}[bool(*u.Active)]
		}
		if got != want {
			t.Errorf("%s: %s, want %s (%v)", in, got, want, err)
		}
	}
}

func TestTypesAreStrict(t *testing.T) {
	for _, in := range []string{`{"id":7}`, `{"userName":["kim"]}`, `{"roles":"admin"}`, `{"roles":["admin"]}`, `{"groups":{}}`, `[]`, `"u"`} {
		var u user
		if err := json.Unmarshal([]byte(in), &u); err == nil {
			t.Errorf("%s is read as %+v", in, u)
		}
	}
	var u user
	if err := json.Unmarshal([]byte(`{"ID":"u1","username":"kim","externalId":23,"`+enterprise+`":{"employeeNumber":"007"}}`), &u); err != nil || u.ID != "u1" || u.ExternalID != "23" || u.Enterprise.EmployeeNumber != "007" {
		t.Errorf("%+v, %v", u, err)
	}
}

func FuzzQuoted(f *testing.F) {
	for _, s := range []string{"u-1", `x" or id pr or id eq "`, `\`, "a\nb", "é", "<&>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var back string
		if err := json.Unmarshal([]byte(quoted(s)), &back); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	})
}
