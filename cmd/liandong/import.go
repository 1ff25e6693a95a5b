package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"liandong/internal/importmap"
)

func newImport() *cobra.Command {
	var mapFile, from, base, token string
	var dry bool
	cmd := &cobra.Command{Use: "import --map FILE --from FILE (--dry-run | --node URL --token T)", Short: "Take in the records of a foreign platform, by a map of its field names", Args: noArgs,
		Long: `Takes in records under a foreign platform's own field names, CSV with a head or JSONL. The map says which field of ours comes from which of theirs; docs/maps/pinyin.json is
one to begin with. --dry-run shows what would be taken in, personal fields hidden, and changes nothing.

A record that is wrong is named with its reason, and the rest is taken. A record that was taken before, by its own id, is not taken twice. Exit status 1 says that some were wrong.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if mapFile == "" || from == "" || dry == (base != "") {
				return usagef("--map, --from and one of --dry-run and --node are needed")
			}
			doc, err := readBounded(mapFile)
			if err != nil {
				return err
			}
			m, err := importmap.Parse(doc)
			if err != nil {
				return usageError{fmt.Errorf("%s: %w", mapFile, err)}
			}
			take := showIntake(cmd.OutOrStdout())
			if !dry {
				c, err := newClient(base, token, 1)
				if err != nil {
					return err
				}
				take = func(in map[string]any) error {
					_, err := c.call(cmd.Context(), http.MethodPost, "/api/v1/cases", in, nil)
					return err
				}
			}
			return importFile(cmd.Context(), m, from, take, cmd.ErrOrStderr())
		}}
	f := cmd.Flags()
	f.StringVar(&mapFile, "map", "", "map `FILE` (JSON)")
	f.StringVar(&from, "from", "", "`FILE` with the records, .csv or .jsonl")
	f.BoolVar(&dry, "dry-run", false, "show what would be taken in, and change nothing")
	f.StringVar(&base, "node", "", "address `URL` of the node that takes them in")
	f.StringVar(&token, "token", "", "`TOKEN` for it with the right cases.take")
	return cmd
}

// showIntake prints an intake, personal fields hidden.
func showIntake(w io.Writer) func(map[string]any) error {
	return func(in map[string]any) error {
		shown := map[string]any{}
		for k, v := range in {
			if k == "caller" || importmap.Personal(k) {
				v = "***"
			}
			shown[k] = v
		}
		line, err := jsonLine(shown)
		if err == nil {
			_, err = w.Write(line)
		}
		return err
	}
}

func importFile(ctx context.Context, m importmap.Map, path string, take func(map[string]any) error, log io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	taken, wrong := 0, 0
	each := func(n int, record map[string]string, err error) error {
		if taken+wrong == 0 && err == nil {
			if unused := m.Unused(record); len(unused) > 0 {
				fmt.Fprintln(log, "not taken over:", strings.Join(unused, ", "))
			}
		}
		var in map[string]any
		if err == nil {
			in, err = m.Apply(record)
		}
		if err == nil {
			err = take(in)
		}
		if err != nil {
			wrong++
			fmt.Fprintf(log, "record %d: %s\n", n, strings.ReplaceAll(err.Error(), "\n", "; "))
		} else {
			taken++
		}
		return ctx.Err()
	}
	if strings.HasSuffix(path, ".csv") {
		err = eachCSV(f, each)
	} else {
		err = eachJSONL(f, each)
	}
	fmt.Fprintf(log, "right %d, wrong %d\n", taken, wrong)
	if err == nil && wrong > 0 {
		return errFailed
	}
	return err
}

type eachRecord func(n int, record map[string]string, err error) error

func eachCSV(r io.Reader, each eachRecord) error {
	c := csv.NewReader(r)
	c.FieldsPerRecord = -1
	head, err := c.Read()
	if err != nil {
		return fmt.Errorf("head: %w", err)
	}
	head[0] = strings.TrimPrefix(head[0], "\uFEFF")
	for n := 1; ; n++ {
		row, err := c.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		record := map[string]string{}
		if len(row) != len(head) {
			err = fmt.Errorf("%d columns, want %d", len(row), len(head))
		} else {
			for i, name := range head {
				record[name] = row[i]
			}
		}
		if err := each(n, record, err); err != nil {
			return err
		}
	}
}

func eachJSONL(r io.Reader, each eachRecord) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for n := 1; s.Scan(); n++ {
		if strings.TrimSpace(s.Text()) == "" {
			continue
		}
		var doc map[string]any
		d := json.NewDecoder(strings.NewReader(s.Text()))
		d.UseNumber()
		record := map[string]string{}
		err := d.Decode(&doc)
		if err != nil {
			err = fmt.Errorf("not a JSON object")
		}
		for name, v := range doc {
			if v != nil {
				record[name] = fmt.Sprint(v)
			}
		}
		if err := each(n, record, err); err != nil {
			return err
		}
	}
	return s.Err()
}
