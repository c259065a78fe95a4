package ldap

import (
	"crypto/rand"
	"encoding/binary"
	"unicode/utf16"
)

// randomPassword is one that nobody knows and every policy on complexity takes.
// It is never kept.
func randomPassword() string { return "aA1!" + rand.Text() + rand.Text() }

// quotedUTF16 is a password as unicodePwd wants it.
// https://learn.microsoft.com/openspecs/windows_protocols/ms-adts/6e803168-f140-4d23-b2d3-c3a8ab5917d2
func quotedUTF16(password string) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(`"` + password + `"`)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return string(out)
}
