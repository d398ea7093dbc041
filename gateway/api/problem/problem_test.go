package problem

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// answer writes a problem, and gives it as it is read.
func answer(t *testing.T, p *Problem) (*httptest.ResponseRecorder, Problem) {
	t.Helper()
	w := httptest.NewRecorder()
	p.Write(w)
	var read Problem
	if err := json.Unmarshal(w.Body.Bytes(), &read); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return w, read
}

func TestProblemIsAnsweredAsItIs(t *testing.T) {
	p := New(422, "the camera cannot be taken")
	p.Errors = []Fault{{"body.source", "names no host"}}
	p.Cause = fmt.Errorf("inside: %w", fs.ErrNotExist)
	w, read := answer(t, p)
	if w.Code != 422 || w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, %v", w.Code, w.Header())
	}
	if read.Status != 422 || read.Title != "Unprocessable Entity" || read.Type != "about:blank" || read.Detail != p.Detail || len(read.Errors) != 1 || read.Errors[0] != p.Errors[0] {
		t.Errorf("%+v", read)
	}
	if strings.Contains(w.Body.String(), "inside") || w.Header().Get("Retry-After") != "" || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("tells more: %v, %s", w.Header(), w.Body)
	}
	if p.Error() != p.Detail || !errors.Is(p, fs.ErrNotExist) {
		t.Errorf("as an error it is %v", error(p))
	}
}

// TestEveryProblemHasACode of its status, which the document names.
func TestEveryProblemHasACode(t *testing.T) {
	field, _ := reflect.TypeFor[Problem]().FieldByName("Code")
	var codes []string
	for _, k := range kinds {
		codes = append(codes, string(k.code))
		if _, read := answer(t, New(k.status, "x").Coded(k.code)); read.Code != k.code {
			t.Errorf("%s is read as %s", k.code, read.Code)
		}
	}
	if named := field.Tag.Get("enum"); named != strings.Join(codes, ",") {
		t.Errorf("the document names %s; there are %s", named, strings.Join(codes, ","))
	}
	for status := range 600 {
		of := New(status, "x").Code
		at := slices.IndexFunc(kinds, func(k kind) bool { return k.code == of })
		if at < 0 || of != internal && kinds[at].status != status {
			t.Errorf("a problem of %d is %q", status, of)
		}
	}
}

func TestHeadersOfProblems(t *testing.T) {
	for _, c := range []struct {
		status       int
		after        time.Duration
		before       string
		retry, login string
	}{
		{503, 5 * time.Second, "", "5", ""},
		{429, 1500 * time.Millisecond, "", "2", ""}, // no client comes too early
		{429, time.Millisecond, "", "1", ""},
		{401, 0, "", "", `Bearer realm="Framegate"`},
		{401, 0, `Basic realm="x"`, "", `Basic realm="x"`},
		{404, 0, "", "", ""},
	} {
		p := New(c.status, "x")
		p.RetryAfter = c.after
		w := httptest.NewRecorder()
		if c.before != "" {
			w.Header().Set("WWW-Authenticate", c.before)
		}
		p.Write(w)
		if retry, login := w.Header().Get("Retry-After"), w.Header().Get("WWW-Authenticate"); retry != c.retry || login != c.login {
			t.Errorf("%d after %v: Retry-After %q, WWW-Authenticate %q", c.status, c.after, retry, login)
		}
	}
}

// TestProblemsAreShort, whatever was sent, also where JSON writes a character in
// six; and how much is left out is said.
func TestProblemsAreShort(t *testing.T) {
	for name, text := range map[string]string{
		"angles":        strings.Repeat("<", 20_000),
		"controls":      strings.Repeat("\x01", 20_000),
		"long letters":  strings.Repeat("ü€", 20_000),
		"half a letter": strings.Repeat("\xc3", 20_000),
	} {
		for _, faults := range []int{0, 1, MaxFaults, MaxFaults + 1, 20_000} {
			p := New(400, "wrong: "+text[:40])
			for range faults {
				p.Errors = append(p.Errors, Fault{text, text})
			}
			w, read := answer(t, p)
			if w.Body.Len() > MaxBytes+100 || len(read.Errors) > MaxFaults || faults > 0 && len(read.Errors) == 0 {
				t.Errorf("%s, %d mistakes: %d bytes, %d mistakes", name, faults, w.Body.Len(), len(read.Errors))
			}
			left := fmt.Sprintf("; %d more mistakes are not listed", faults-len(read.Errors))
			if strings.HasSuffix(read.Detail, left) != (faults > len(read.Errors)) {
				t.Errorf("%s, %d mistakes: detail ends in %q", name, faults, read.Detail)
			}
			if !utf8.Valid(w.Body.Bytes()) || strings.Contains(w.Body.String(), `\u0001`) {
				t.Errorf("%s: it holds what is no text", name)
			}
		}
		if w, read := answer(t, New(400, text)); w.Body.Len() > MaxBytes || len(read.Detail) > maxDetailBytes+len("…") {
			t.Errorf("%s: %d bytes, %d of detail", name, w.Body.Len(), len(read.Detail))
		}
	}
}

func TestShortTextsStayAsTheyAre(t *testing.T) {
	fits := strings.Repeat("x", maxFaultBytes)
	p := New(400, "a\x1b[2Jb")
	p.Errors = []Fault{{"body", fits}, {"body", fits + "x"}}
	_, read := answer(t, p)
	if read.Detail != "a [2Jb" || read.Errors[0].Detail != fits || read.Errors[1].Detail != fits+"…" {
		t.Errorf("%+v", read)
	}
}
