package integrations_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"lastday"
	"lastday/integrations"
)

type config struct{ Org string }

func TestAKindOpensItsOwnConfiguration(t *testing.T) {
	kind := integrations.Define(integrations.Description{Name: "club"}, func(_ context.Context, c config, deps integrations.Deps) (integrations.Driver, error) {
		return &stub{account: c.Org + " of " + deps.System}, nil
	})
	if kind.Description().Name != "club" {
		t.Errorf("described as %q", kind.Description().Name)
	}
	decode := func(into any) error { return json.Unmarshal([]byte(`{"org":"acme"}`), into) }
	d, err := kind.Open(t.Context(), decode, integrations.Deps{System: "gh"})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.(*stub).account; got != "acme of gh" {
		t.Errorf("opened with %q", got)
	}
}

func TestAConfigurationThatCannotBeReadOpensNothing(t *testing.T) {
	kind := integrations.Define(integrations.Description{}, func(context.Context, config, integrations.Deps) (integrations.Driver, error) {
		t.Error("opened")
		return nil, nil
	})
	cause := errors.New("line 7: unknown field")
	_, err := kind.Open(t.Context(), func(any) error { return cause }, integrations.Deps{System: "gh"})
	if lastday.CodeOf(err) != lastday.CodeInvalid || !errors.Is(err, cause) {
		t.Error(err)
	}
}
