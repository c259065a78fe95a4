package ldap

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"lastday/integrations/ldap/ldaptest"
)

// What is published decides, not our fake: the two were written by the same hand.
func TestPublishedExamples(t *testing.T) {
	// https://learn.microsoft.com/openspecs/windows_protocols/ms-adts/6e803168-f140-4d23-b2d3-c3a8ab5917d2
	if got := base64.StdEncoding.EncodeToString([]byte(quotedUTF16("newPassword"))); got != "IgBuAGUAdwBQAGEAcwBzAHcAbwByAGQAIgA=" {
		t.Errorf("unicodePwd of newPassword is %s", got)
	}
	// https://learn.microsoft.com/windows/win32/sysinfo/converting-a-time-t-value-to-a-file-time
	if got := fileTime(time.Unix(0, 0)); got != "116444736000000000" {
		t.Errorf("1970 is %s", got)
	}
	if at, ok := parseFileTime("116444736000000000"); !ok || !at.Equal(time.Unix(0, 0)) {
		t.Errorf("116444736000000000 is %s, %t", at, ok)
	}
	// https://learn.microsoft.com/windows/win32/adschema/a-accountexpires: both never expire.
	for _, never := range []string{"0", "9223372036854775807", ""} {
		if _, ok := parseFileTime(never); ok {
			t.Errorf("%q is a time", never)
		}
	}
	// S-1-5-32-544, https://learn.microsoft.com/windows/win32/secauthz/well-known-sids
	administrators := "\x01\x02\x00\x00\x00\x00\x00\x05\x20\x00\x00\x00\x20\x02\x00\x00"
	if rid, ok := lastPart([]byte(administrators)); !ok || rid != 544 || ldaptest.SID(544) != administrators {
		t.Errorf("Administrators: %d, %t", rid, ok)
	}
	// The byte order of a GUID, https://learn.microsoft.com/dotnet/api/system.guid.tobytearray
	raw := []byte{0xC9, 0x8B, 0x91, 0x35, 0x6D, 0x19, 0xEA, 0x40, 0x97, 0x79, 0x88, 0x9D, 0x79, 0xB7, 0x53, 0xF0}
	if got := guidText(raw); got != "35918bc9-196d-40ea-9779-889d79b753f0" {
		t.Errorf("GUID: %s", got)
	}
	said := &goldap.Error{ResultCode: 49, Err: errors.New("80090308: LdapErr: DSID-0C09030B, comment: AcceptSecurityContext error, data 533, v893")}
	if got := refusedBind(said); !strings.Contains(got, "disabled") {
		t.Errorf("data 533: %s", got)
	}
}
