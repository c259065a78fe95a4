package sink

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"lastday"
	"lastday/audit"
)

// BucketConfig configures a bucket of an S3-compatible store.
type BucketConfig struct {
	Name string
	// Endpoint is the store's address, such as https://s3.eu-central-1.amazonaws.com.
	Endpoint string
	// Region is what requests are signed for; "us-east-1" if empty.
	Region string
	Bucket string
	// Prefix begins the keys of all checkpoints; "checkpoints/" if empty. Each log
	// needs its own.
	Prefix string
	// AccessKey and SecretKey refer to the credentials, and SessionToken, if not
	// empty, to the token of temporary ones.
	AccessKey, SecretKey, SessionToken string
	// LockMode is GOVERNANCE or COMPLIANCE for buckets with Object Lock: nobody can
	// remove a checkpoint until LockFor after it was put. Empty leaves it to the
	// bucket's own setting.
	LockMode string
	LockFor  time.Duration
	// Insecure allows plain http to a host that is not this one.
	Insecure bool
}

// Bucket puts each checkpoint as a new object into a bucket, addressed by path.
// It needs the rights s3:PutObject, s3:GetObject and s3:ListBucket, and
// s3:PutObjectRetention with a LockMode, and must have no others.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
type Bucket struct {
	c           BucketConfig
	base        *url.URL
	credentials aws.Credentials
	signer      *v4.Signer
	*caller

	// newest is the last key that was seen: keys only grow, so that the list need
	// not be read from its beginning again.
	turn   sync.Mutex
	newest string
}

// NewBucket makes the sink. CodeInvalid: a name, an address or a secret makes no sense.
func NewBucket(ctx context.Context, c BucketConfig, deps Deps) (*Bucket, error) {
	const op = "checkpoints: bucket"
	call, err := newCaller(op, deps)
	if err != nil {
		return nil, err
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.Prefix == "" {
		c.Prefix = "checkpoints/"
	}
	if err := c.check(op); err != nil {
		return nil, err
	}
	b := &Bucket{c: c, caller: call, signer: v4.NewSigner(func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = true // as S3 alone wants it
	})}
	if b.base, err = address(ctx, op, c.Endpoint, c.Insecure, deps); err != nil {
		return nil, err
	}
	return b, b.unlock(ctx, deps)
}

// unlock resolves the credentials.
func (b *Bucket) unlock(ctx context.Context, deps Deps) (err error) {
	if b.credentials.AccessKeyID, err = deps.Secret(ctx, b.c.AccessKey); err != nil {
		return err
	}
	if b.credentials.SecretAccessKey, err = deps.Secret(ctx, b.c.SecretKey); err != nil || b.c.SessionToken == "" {
		return err
	}
	b.credentials.SessionToken, err = deps.Secret(ctx, b.c.SessionToken)
	return err
}

func (c BucketConfig) check(op string) error {
	if c.Name == "" || !regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`).MatchString(c.Bucket) {
		return lastday.Errorf(lastday.CodeInvalid, op, "name and bucket must be given, and the bucket's name be one of S3")
	}
	if !regexp.MustCompile(`^([A-Za-z0-9._-]+/)+$`).MatchString(c.Prefix) {
		return lastday.Errorf(lastday.CodeInvalid, op, "prefix: must be letters, digits, dots and dashes, and end with a slash")
	}
	if c.AccessKey == "" || c.SecretKey == "" || c.AccessKey == c.SecretKey {
		return lastday.Errorf(lastday.CodeInvalid, op, "access key and secret key must be references")
	}
	locked := c.LockMode == "GOVERNANCE" || c.LockMode == "COMPLIANCE"
	if c.LockMode != "" && !locked || locked != (c.LockFor > 0) {
		return lastday.Errorf(lastday.CodeInvalid, op, "the lock must be GOVERNANCE or COMPLIANCE for a time, or neither be given")
	}
	return nil
}

// Name is the name that it was given.
func (b *Bucket) Name() string { return b.c.Name }

// Put adds the checkpoint as an object, and never writes over another. A store
// that does not know If-None-Match is refused with CodeUnsupported, where it
// says so.
func (b *Bucket) Put(ctx context.Context, c audit.Signed) error {
	last, err := b.Last(ctx)
	if err == nil {
		if more, err := advance(b.op, last, c); err != nil || !more {
			return err
		}
	} else if lastday.CodeOf(err) != lastday.CodeNotFound {
		return err
	}
	sum := sha256.Sum256(c.Text)
	header := http.Header{
		"Content-Type": {"text/plain; charset=utf-8"}, "If-None-Match": {"*"},
		"X-Amz-Checksum-Sha256": {base64.StdEncoding.EncodeToString(sum[:])},
	}
	if b.c.LockMode != "" {
		header.Set("X-Amz-Object-Lock-Mode", b.c.LockMode)
		header.Set("X-Amz-Object-Lock-Retain-Until-Date", b.now().UTC().Add(b.c.LockFor).Format(time.RFC3339))
	}
	a, err := b.call(ctx, http.MethodPut, b.c.Prefix+objectName(c), nil, header, c.Text)
	if err != nil {
		return err
	}
	switch a.status {
	case http.StatusPreconditionFailed:
		return lastday.Errorf(lastday.CodeTransient, b.op, "somebody else put an object there meanwhile")
	case http.StatusNotImplemented:
		return lastday.Errorf(lastday.CodeUnsupported, b.op, "the store does not know If-None-Match or Object Lock")
	}
	return b.judge(a)
}

// Last is the object with the greatest key.
func (b *Bucket) Last(ctx context.Context) (audit.Signed, error) {
	b.turn.Lock()
	defer b.turn.Unlock()
	newest, err := b.list(ctx, b.newest)
	if err == nil && newest == "" {
		newest = b.newest
	}
	if err != nil {
		return audit.Signed{}, err
	}
	if newest == "" {
		return audit.Signed{}, notFound(b.op)
	}
	a, err := b.call(ctx, http.MethodGet, newest, nil, nil, nil)
	if err != nil {
		return audit.Signed{}, err
	}
	if a.status == http.StatusNotFound {
		return audit.Signed{}, lastday.Errorf(lastday.CodeProtected, b.op, "the newest checkpoint was there and is gone")
	}
	if err := b.judge(a); err != nil {
		return audit.Signed{}, err
	}
	c, err := audit.ParseCheckpoint(a.body)
	if err == nil {
		b.newest = newest
	}
	return c, err
}

// listing is an answer of ListObjectsV2.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
type listing struct {
	Truncated bool   `xml:"IsTruncated"`
	Next      string `xml:"NextContinuationToken"`
	Contents  []struct {
		Key string `xml:"Key"`
	} `xml:"Contents"`
}

// list gives the greatest key after one; empty if there is none.
func (b *Bucket) list(ctx context.Context, after string) (string, error) {
	newest, token := "", ""
	for {
		query := url.Values{"list-type": {"2"}, "prefix": {b.c.Prefix}, "max-keys": {"1000"}}
		if after != "" {
			query.Set("start-after", after)
		}
		if token != "" {
			query.Set("continuation-token", token)
		}
		a, err := b.call(ctx, http.MethodGet, "", query, nil, nil)
		if err == nil {
			err = b.judge(a)
		}
		if err != nil {
			return "", err
		}
		var page listing
		if err := xml.Unmarshal(a.body, &page); err != nil {
			return "", lastday.Errorf(lastday.CodeInvalid, b.op, "the list of objects is no XML of S3")
		}
		for _, o := range page.Contents {
			if strings.HasPrefix(o.Key, b.c.Prefix) && strings.HasSuffix(o.Key, ".txt") {
				newest = max(newest, o.Key)
			}
		}
		if !page.Truncated {
			return newest, nil
		}
		if page.Next == "" || page.Next == token {
			return "", lastday.Errorf(lastday.CodeInvalid, b.op, "the list of objects does not go on where it says")
		}
		token = page.Next
	}
}

// call sends a signed request for a key of the bucket, or for the bucket itself.
func (b *Bucket) call(ctx context.Context, method, key string, query url.Values, header http.Header, body []byte) (answer, error) {
	to := b.base.JoinPath(b.c.Bucket, key)
	to.RawQuery = query.Encode()
	r, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
	if err != nil {
		return answer{}, lastday.Errorf(lastday.CodeInvalid, b.op, "the address makes no request")
	}
	maps.Copy(r.Header, header)
	sum := sha256.Sum256(body)
	digest := hex.EncodeToString(sum[:])
	r.Header.Set("X-Amz-Content-Sha256", digest)
	if err := b.signer.SignHTTP(ctx, b.credentials, r, digest, "s3", b.c.Region, b.now()); err != nil {
		return answer{}, lastday.Errorf(lastday.CodeInternal, b.op, "the request could not be signed")
	}
	return b.do(r, 4<<20)
}
