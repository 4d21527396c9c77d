//go:build ignore

// Verifies an exported log, or one proof, with golang.org/x/mod/sumdb alone (packages note and tlog).
//
//	sumdb log DIR VKEY [-since CHECKPOINT] [INDEX ...]
//	sumdb proof FILE VKEY ENTRY
//
// Exit status 0 says that everything verified; 1 that something did not, with the reason; 2 that it was called wrongly.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func main() {
	var err error
	switch args := os.Args[1:]; {
	case len(args) >= 3 && args[0] == "log":
		err = verifyLog(args[1], args[2], args[3:])
	case len(args) == 4 && args[0] == "proof":
		err = verifyProof(args[1], args[2], args[3])
	default:
		fmt.Fprintln(os.Stderr, "usage: sumdb log DIR VKEY [-since CHECKPOINT] [INDEX ...] | sumdb proof FILE VKEY ENTRY")
		os.Exit(2)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func verifyLog(dir, vkey string, rest []string) error {
	data, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	head, err := open(data, vkey)
	if err != nil {
		return err
	}
	entries, err := readEntries(dir, head.N)
	if err != nil {
		return err
	}
	tree, err := grow(entries)
	if err != nil {
		return fmt.Errorf("entries: %w", err)
	}
	root, err := tlog.TreeHash(head.N, tree)
	if err != nil {
		return fmt.Errorf("entries: %w", err)
	}
	if root != head.Hash {
		return errors.New("entries: they do not have the root that was signed")
	}
	if err := checkTiles(dir, head, tree); err != nil {
		return err
	}
	reader := tlog.TileHashReader(head, folder(dir)) // what a client has that reads tiles and no entries
	if len(rest) >= 2 && rest[0] == "-since" {
		if err := checkGrowth(rest[1], vkey, head, reader); err != nil {
			return err
		}
		rest = rest[2:]
	}
	for _, text := range rest {
		index, err := strconv.ParseInt(text, 10, 64)
		if err != nil || index < 0 || index >= head.N {
			return fmt.Errorf("index: there is no entry %s", text)
		}
		proof, err := tlog.ProveRecord(head.N, index, reader)
		if err != nil {
			return fmt.Errorf("inclusion: %w", err)
		}
		if err := tlog.CheckRecord(proof, head.N, head.Hash, index, tlog.RecordHash(entries[index])); err != nil {
			return fmt.Errorf("inclusion: entry %d: %w", index, err)
		}
	}
	return nil
}

// open gives the tree of a checkpoint that the key signed and that bears the key's name.
func open(data []byte, vkey string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("key: %w", err)
	}
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tlog.Tree{}, errors.New("checkpoint: not three lines that begin with the name of the key")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || lines[1] != strconv.FormatInt(size, 10) {
		return tlog.Tree{}, errors.New("checkpoint: the size is not decimal")
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("checkpoint: %w", err)
	}
	return tlog.Tree{N: size, Hash: root}, nil
}

// checkTiles compares every tile of the tree with the hashes of its entries.
//
// A TileHashReader alone would not do: it leaves some of the tiles that it reads unchecked (golang.org/x/mod 0.7.0).
func checkTiles(dir string, head tlog.Tree, tree tlog.HashReader) error {
	for _, tile := range tlog.NewTiles(height, 0, head.N) {
		if tile.W < 1<<height && tile.N<<height+int64(tile.W) != head.N>>(height*tile.L) {
			continue // some versions also name the narrower tiles that the tree once had
		}
		stored, err := os.ReadFile(filepath.Join(dir, path(tile)))
		if err != nil {
			return fmt.Errorf("tiles: %w", err)
		}
		computed, err := tlog.ReadTileData(tile, tree)
		if err != nil {
			return fmt.Errorf("tiles: %s: %w", path(tile), err)
		}
		if !bytes.Equal(stored, computed) {
			return fmt.Errorf("tiles: %s does not follow from the entries", path(tile))
		}
	}
	return nil
}

// grow gives all hashes of the tree with these entries.
func grow(entries [][]byte) (tlog.HashReader, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	for i, entry := range entries {
		hashes, err := tlog.StoredHashes(int64(i), entry, reader)
		if err != nil {
			return nil, err
		}
		stored = append(stored, hashes...)
	}
	return reader, nil
}

func readEntries(dir string, size int64) ([][]byte, error) {
	var entries [][]byte
	for number := int64(0); number<<height < size; number++ {
		width := size - number<<height
		if width > 1<<height {
			width = 1 << height
		}
		tile := tlog.Tile{H: height, L: -1, N: number, W: int(width)}
		data, err := os.ReadFile(filepath.Join(dir, path(tile)))
		if err != nil {
			return nil, fmt.Errorf("entries: %w", err)
		}
		for ; width > 0; width-- {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("entries: %s ends too early", path(tile))
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			entries = append(entries, data[2:end])
			data = data[end:]
		}
		if len(data) > 0 {
			return nil, fmt.Errorf("entries: %s goes on after its last entry", path(tile))
		}
	}
	return entries, nil
}

func checkGrowth(file, vkey string, head tlog.Tree, reader tlog.HashReader) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	old, err := open(data, vkey)
	if err != nil {
		return err
	}
	if old.N > head.N {
		return errors.New("consistency: the log was longer before")
	}
	proof, err := tlog.ProveTree(head.N, old.N, reader)
	if err != nil {
		return fmt.Errorf("consistency: %w", err)
	}
	if err := tlog.CheckTree(proof, head.N, head.Hash, old.N, old.Hash); err != nil {
		return fmt.Errorf("consistency: %w", err)
	}
	return nil
}

// verifyProof checks a c2sp.org/tlog-proof file against the entry that another file holds.
func verifyProof(file, vkey, entry string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	record, err := os.ReadFile(entry)
	if err != nil {
		return err
	}
	text, checkpoint, _ := strings.Cut(string(data), "\n\n")
	lines := strings.Split(text, "\n")
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return errors.New("proof: not the two lines that a proof begins with")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return fmt.Errorf("proof: %w", err)
	}
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		raw, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(raw) != tlog.HashSize {
			return errors.New("proof: a line is no hash")
		}
		var hash tlog.Hash
		copy(hash[:], raw)
		proof = append(proof, hash)
	}
	head, err := open([]byte(checkpoint), vkey)
	if err != nil {
		return err
	}
	if index < 0 || index >= head.N {
		return errors.New("inclusion: the index is not in the log")
	}
	if err := tlog.CheckRecord(proof, head.N, head.Hash, index, tlog.RecordHash(record)); err != nil {
		return fmt.Errorf("inclusion: %w", err)
	}
	return nil
}

// path names a tile as C2SP does: the package's own names also say the height.
func path(tile tlog.Tile) string {
	name := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
	return strings.Replace(name, "tile/data/", "tile/entries/", 1)
}

type folder string

func (dir folder) Height() int { return height }

func (dir folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		read, err := os.ReadFile(filepath.Join(string(dir), path(tile)))
		if err != nil {
			return nil, err
		}
		data[i] = read
	}
	return data, nil
}

func (dir folder) SaveTiles([]tlog.Tile, [][]byte) {}
