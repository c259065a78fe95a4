package github

import (
	"context"
	"encoding/base64"
	"strings"
)

// codeownersByREST reads the first CODEOWNERS file of the three places.
func (d *driver) codeownersByREST(ctx context.Context, repo string) ([]string, error) {
	for _, where := range [][]string{{".github", "CODEOWNERS"}, {"CODEOWNERS"}, {"docs", "CODEOWNERS"}} {
		var file struct {
			Content string `json:"content"`
		}
		_, err := d.client.get(ctx, "read CODEOWNERS", d.client.inRepo(repo, append([]string{"contents"}, where...)...), &file)
		if hidden(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		text, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(file.Content, "\n", ""))
		if err != nil {
			return nil, nil //nolint:nilerr // no text file: it names nobody
		}
		return owners(string(text)), nil
	}
	return nil, nil
}
