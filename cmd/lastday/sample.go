package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lastday"
	"lastday/audit/population"
	"lastday/internal/app"
)

// sampleFlags say from what is drawn.
type sampleFlags struct {
	populationFlags
	n      int
	seed   string
	frozen string
}

// sampleCommand draws a sample and packs the evidence for it.
func (p *program) sampleCommand() *cobra.Command {
	var f sampleFlags
	c := &cobra.Command{
		Use:   "sample --n 25 --seed SEED (--population FILE | --from DATE --to DATE) --out PACK.zip",
		Short: "Draw a sample that anybody can draw again, and pack the evidence for it",
		Long: `Draw a sample that anybody can draw again, and pack the evidence for it.

The pack holds, for each drawn row, the row, the report and the newest bundle of
its case, and a list of digests. Freeze the population first (lastday population),
then let the auditor name the seed. Without --population it is made now, of the
lists that are given. A row without a bundle is told, with exit code 1.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.out == "" || f.seed == "" || f.n < 1 {
				return usage("sample: say how many (--n), by which seed (--seed, named by the auditor) and into which file (--out PACK.zip)")
			}
			if (f.frozen == "") == (f.from == "" && f.to == "") {
				return usage("sample: say from what: --population FOLDER/population.json, or --from and --to")
			}
			return p.withArchive(c.Context(), func(a app.Archive) error { return p.sample(c.Context(), a, f) })
		},
	}
	f.lists(c)
	c.Flags().IntVar(&f.n, "n", 25, "how many rows")
	c.Flags().StringVar(&f.seed, "seed", "", "what decides which rows; let the auditor name it")
	c.Flags().StringVar(&f.frozen, "population", "", "draw from this `file` (population.json) of lastday population")
	c.Flags().StringVar(&f.out, "out", "", "the `file` for the pack")
	return c
}

// drawn says what a pack holds.
type drawn struct {
	N    int       `json:"n"`
	Seed string    `json:"seed"`
	Made time.Time `json:"made"`
	By   string    `json:"by,omitempty"`
	Tool string    `json:"tool"`
	// Population is the digest of population.json in the pack.
	Population string `json:"populationSha256"`
	Of         int    `json:"of"`
	// Complete says that the population was: a sample of part of the people shows
	// nothing about the others.
	Complete bool       `json:"populationComplete"`
	Rows     []drawnRow `json:"rows"`
	// Missing says of which rows evidence is missing, and why.
	Missing []string `json:"missing,omitempty"`
}

// drawnRow is one row and its files in the pack.
type drawnRow struct {
	population.Row

	Report string `json:"report,omitempty"`
	Bundle string `json:"bundle,omitempty"`
}

func (p *program) sample(ctx context.Context, a app.Archive, f sampleFlags) error {
	from, frozen, err := p.population(ctx, a, f)
	if err != nil {
		return err
	}
	rows, err := population.Sample(f.n, f.seed, from.Rows)
	if err != nil {
		return usageError{err}
	}
	d := drawn{N: f.n, Seed: f.seed, Made: time.Now().UTC(), By: p.actor, Tool: app.Version(), Population: sumOf(frozen), Of: len(from.Rows), Complete: from.Complete}
	err = p.writeFile(f.out, func(w io.Writer) error { return p.pack(ctx, a, &d, rows, frozen, w) })
	if err != nil {
		return err
	}
	if err := p.print(d, func(w io.Writer) { tellSample(w, d, f.out) }); err != nil {
		return err
	}
	if len(d.Missing) > 0 {
		return lastday.Errorf(lastday.CodeNotFound, "sample", "evidence is missing for %d of %d rows", len(d.Missing), len(d.Rows))
	}
	return nil
}

// population is the frozen one, byte for byte, or one that is made now.
func (p *program) population(ctx context.Context, a app.Archive, f sampleFlags) (population.Result, []byte, error) {
	if f.frozen != "" {
		r, text, err := readPopulation(f.frozen)
		if err != nil {
			return population.Result{}, nil, err
		}
		return *r, text, nil
	}
	when, err := f.period(true)
	if err != nil {
		return population.Result{}, nil, err
	}
	r, err := p.reconcile(ctx, a, when, f.populationFlags)
	if err != nil {
		return population.Result{}, nil, err
	}
	var text bytes.Buffer
	err = population.WriteJSON(&text, r)
	return r, text.Bytes(), err
}

// packer writes files into a pack and their digests into a list.
type packer struct {
	at   time.Time // when the sample was drawn: without it files would be of month 0 of 1980
	zip  *zip.Writer
	sums strings.Builder
}

func (k *packer) add(name string, data []byte) error {
	w, err := k.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: k.at})
	if err == nil {
		_, err = w.Write(data)
	}
	if err != nil {
		return lastday.Wrap(lastday.CodeTransient, "sample", "write the pack", err)
	}
	fmt.Fprintf(&k.sums, "%x  %s\n", sha256.Sum256(data), name)
	return nil
}

func (p *program) pack(ctx context.Context, a app.Archive, d *drawn, rows []population.Row, frozen []byte, w io.Writer) error {
	defer p.wait("packing")()
	bundles, err := a.Parts.Bundles()
	if err != nil {
		return err
	}
	newest := map[string]app.Bundle{}
	for _, b := range bundles {
		if _, known := newest[b.Case]; !known {
			newest[b.Case] = b
		}
	}
	k := &packer{at: d.Made, zip: zip.NewWriter(w)}
	for _, row := range rows {
		packed, err := k.row(ctx, a, row, newest, d)
		if err != nil {
			return err
		}
		d.Rows = append(d.Rows, packed)
	}
	return k.finish(ctx, a, *d, frozen)
}

// row packs the report and the newest bundle of a row's case.
func (k *packer) row(ctx context.Context, a app.Archive, row population.Row, newest map[string]app.Bundle, d *drawn) (drawnRow, error) {
	packed := drawnRow{Row: row}
	missing := func(why string) { d.Missing = append(d.Missing, row.Person+": "+why) }
	if row.Case == "" {
		missing("there is no case")
		return packed, nil
	}
	told, erased, err := a.Case(ctx, row.Case)
	if lastday.CodeOf(err) == lastday.CodeNotFound {
		missing(err.Error())
		return packed, nil
	}
	if err != nil {
		return packed, err
	}
	var page bytes.Buffer
	if err := a.Report(ctx, &page, told, erased); err != nil {
		return packed, err
	}
	packed.Report = "reports/" + row.Case + ".html"
	if err := k.add(packed.Report, page.Bytes()); err != nil {
		return packed, err
	}
	b, ok := newest[row.Case]
	if !ok {
		missing("case " + row.Case + " has no bundle on this machine (lastday seal --missing makes those of closed cases)")
		return packed, nil
	}
	data, err := os.ReadFile(b.Path)
	if err != nil {
		return packed, lastday.Wrap(lastday.CodeTransient, "sample", "read the bundle of "+row.Case, err)
	}
	packed.Bundle = "bundles/" + row.Case + ".zip"
	return packed, k.add(packed.Bundle, data)
}

// finish packs what all rows have in common.
func (k *packer) finish(ctx context.Context, a app.Archive, d drawn, frozen []byte) error {
	manifest, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return lastday.Wrap(lastday.CodeInternal, "sample", "encode", err)
	}
	var table bytes.Buffer
	var rows []population.Row
	for _, r := range d.Rows {
		rows = append(rows, r.Row)
	}
	if err := population.WriteCSV(&table, rows); err != nil {
		return err
	}
	checkpoint, err := a.Records.Checkpoint(ctx)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{"sample.json", manifest}, {"sample.csv", table.Bytes()}, {populationFile, frozen}, {"checkpoint.txt", checkpoint.Text}, {"README.txt", []byte(packReadme)}} {
		if err := k.add(f.name, f.data); err != nil {
			return err
		}
	}
	if err := k.add("SHA256SUMS", []byte(k.sums.String())); err != nil {
		return err
	}
	if err := k.zip.Close(); err != nil {
		return lastday.Wrap(lastday.CodeTransient, "sample", "write the pack", err)
	}
	return nil
}

const packReadme = `A sample of leavers with the evidence for each. It names people: keep it as such.

  sample.json       which rows were drawn, from what, by which seed, and what is missing
  sample.csv        the rows
  population.json   the population that was drawn from, with where its lists come from
  reports/          the page of each case, to read and to print
  bundles/          the newest sealed bundle of each case: records, proofs, histories
  checkpoint.txt    the log's newest signed checkpoint
  SHA256SUMS        the digests of all files

How to check it:

1. No file was changed:       sha256sum -c SHA256SUMS
2. The rows are the drawn ones: lastday sample --population population.json --n N --seed SEED --out again.zip
   gives the same rows; or draw them with any tool: for each row SHA-256 of
   seed, 0x00, person, 0x00, engagement, 0x00, source, 0x00, case; the smallest digests are the sample.
3. The population is complete: population.json says so, and by what.
4. Each bundle:               lastday verify --key LOG.pub --elsewhere CHECKPOINT bundles/CASE.zip
   Take the key, and a checkpoint that was kept out of the operator's reach,
   from somewhere else than this pack came from.
`

func tellSample(w io.Writer, d drawn, out string) {
	table(w, "PERSON\tCASE\tLAST DAY\tSTATE\tVERDICT\tBUNDLE", func(row func(string, ...any)) {
		for _, r := range d.Rows {
			row("%s\t%s\t%s\t%s\t%s\t%s", r.Person, orDash(r.Case), r.LastDay, r.State, orDash(string(r.Verdict)), orDash(r.Bundle))
		}
	})
	for _, m := range d.Missing {
		fmt.Fprintf(w, "MISSING %s\n", m)
	}
	if !d.Complete {
		fmt.Fprintln(w, "THE POPULATION IS NOT COMPLETE: who is missing there cannot be drawn (population.json says what is found)")
	}
	fmt.Fprintf(w, "\n%s: %d of %d rows, seed %q\n", out, len(d.Rows), d.Of, d.Seed)
	fmt.Fprintf(w, "check it: unzip it, sha256sum -c SHA256SUMS, lastday verify --key LOG.pub bundles/CASE.zip (README.txt says more)\n")
}
