package github

import (
	"encoding/json"
	"testing"

	"lastday"
)

func TestDirectRoleIsThatOfTheRepositoryItself(t *testing.T) {
	for name, x := range map[string]struct {
		edge  string
		role  string
		level lastday.Level
	}{
		"the organization gives more": {`{"permission":"ADMIN","permissionSources":[
			{"roleName":"admin","permission":"ADMIN","source":{"__typename":"Organization"}},
			{"roleName":"read","permission":"READ","source":{"__typename":"Repository"}}]}`, "read", lastday.LevelRead},
		"a custom role": {`{"permission":"WRITE","permissionSources":[
			{"roleName":"deployer","permission":"WRITE","source":{"__typename":"Repository"}}]}`, "deployer", lastday.LevelWrite},
		"no source is told":    {`{"permission":"MAINTAIN"}`, "maintain", lastday.LevelWrite},
		"a role unknown to us": {`{"permission":"OVERLORD"}`, "overlord", lastday.LevelAdmin},
	} {
		t.Run(name, func(t *testing.T) {
			var e collaboratorEdge
			if err := json.Unmarshal([]byte(x.edge), &e); err != nil {
				t.Fatal(err)
			}
			if role, level := e.direct(); role != x.role || level != x.level {
				t.Errorf("%s %s, want %s %s", role, level, x.role, x.level)
			}
		})
	}
}

func TestHigherRoleDoesNotDependOnTheOrder(t *testing.T) {
	for _, pair := range [][2]string{{"push", "maintain"}, {"maintain", "push"}, {"", "maintain"}} {
		if got := higher(pair[0], pair[1]); got != "maintain" {
			t.Errorf("higher of %v: %q", pair, got)
		}
	}
}
