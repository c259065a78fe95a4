package lastday_test

import (
	"testing"

	"lastday"
)

func TestAGrantSaysInWhichConnectedSystemItIsManaged(t *testing.T) {
	for managedBy, want := range map[string]string{
		"": "", "the group core": "", "system:": "", "system:directory": "directory", "system:directory (the group core)": "directory",
	} {
		got, ok := lastday.Grant{ManagedBy: managedBy}.ManagedIn()
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", managedBy, got, ok)
		}
	}
	for managedBy, want := range map[string]string{
		"": "", "the group core": "system:directory (the group core)", "system:other": "system:other",
	} {
		if got := (lastday.Grant{ManagedBy: managedBy}).In("directory").ManagedBy; got != want {
			t.Errorf("%q in the directory: %q", managedBy, got)
		}
	}
}

func TestALaneIsOfTheSystemBeforeThePlus(t *testing.T) {
	for lane, want := range map[string]string{"code": "code", "code+admin": "code", "code+admin2": "code", "": ""} {
		if got := lastday.SystemOf(lane); got != want {
			t.Errorf("%q: %q", lane, got)
		}
	}
}
