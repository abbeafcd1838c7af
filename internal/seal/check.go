package seal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/ssh"
)

// Verdict is what is known of a recording.
type Verdict struct {
	User, File string    // whose it is, and its name, by its seals
	Seals      int       // that are good
	Good       Mark      // up to here it is what was sealed
	Time       time.Time // when that was sealed
	Bytes      uint64    // of the file
	Finished   bool      // the last seal is a final one
	Problem    string    // what was changed; "" for nothing
}

// Whole tells whether all of the file was sealed, and is as it was then.
func (v *Verdict) Whole() bool { return v.Problem == "" && v.Finished }

// Check compares a recording with its seals. The keys are those that may have signed
// them. An error means that one of the two couldn't be read.
func Check(recording, seals io.Reader, keys []ssh.PublicKey) (*Verdict, error) {
	v := &Verdict{}
	list, err := v.read(seals, keys)
	if err != nil {
		return nil, err
	}
	var chain Chain
	from := bufio.NewReaderSize(recording, 64<<10)
	for n, s := range list {
		problem := ""
		_, err := io.CopyN(&chain, from, int64(s.Mark.Bytes-chain.mark.Bytes))
		switch {
		case errors.Is(err, io.EOF):
			problem = fmt.Sprintf("was cut: %d bytes are left of the %d of seal %d", chain.mark.Bytes, s.Mark.Bytes, n+1)
		case err != nil:
			return nil, err
		case chain.Mark() != s.Mark:
			problem = fmt.Sprintf("was changed between byte %d and byte %d", v.Good.Bytes, s.Mark.Bytes)
		}
		if problem != "" {
			v.bad(problem)
			break
		}
		v.Seals, v.Good, v.Time, v.Finished = n+1, s.Mark, s.Time, s.Final
	}
	after, err := io.Copy(io.Discard, from)
	if err != nil {
		return nil, err
	}
	v.Bytes = chain.mark.Bytes + uint64(after)
	if v.Finished && after > 0 {
		v.bad(fmt.Sprintf("has %d bytes after its end", after))
	}
	return v, nil
}

// bad keeps the first problem.
func (v *Verdict) bad(problem string) {
	if v.Problem == "" {
		v.Problem = problem
	}
}

// read reads the seals, up to the first that isn't good. A last line without an end is
// one that couldn't be written, and is no seal.
func (v *Verdict) read(seals io.Reader, keys []ssh.PublicKey) ([]*Seal, error) {
	var list []*Seal
	from := bufio.NewReaderSize(seals, maxSeal)
	for n := 1; ; n++ {
		b, err := from.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		s, err := Parse(bytes.TrimRight(b, "\n"))
		if err == nil {
			err = s.Verify(keys)
		}
		if err == nil && len(list) > 0 {
			err = s.follows(list[len(list)-1])
		}
		if err != nil {
			v.bad(fmt.Sprintf("seal %d %s", n, err))
			break
		}
		v.User, v.File = s.User, s.File
		list = append(list, s)
	}
	if len(list) == 0 {
		v.bad("has no seal")
	}
	return list, nil
}

// follows says what keeps a seal from being the one after another.
func (s *Seal) follows(before *Seal) error {
	switch {
	case s.User != before.User || s.File != before.File:
		return fmt.Errorf("is of another recording, %s/%s", s.User, s.File)
	case before.Final:
		return errors.New("comes after the final one")
	case s.Mark.Bytes < before.Mark.Bytes:
		return errors.New("is older than the one before")
	}
	return nil
}
