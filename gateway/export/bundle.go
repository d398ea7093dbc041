package export

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"time"

	"framegate/gateway/playback"
	"framegate/gateway/playback/clip"
)

// manifest says what is in a ZIP.
type manifest struct {
	Framegate string    `json:"framegate"` // the version that made it
	Export    string    `json:"export"`
	By        string    `json:"by"`
	Made      time.Time `json:"made"`
	From      time.Time `json:"from"` // as was asked for, like what follows
	To        time.Time `json:"to"`
	Start     Start     `json:"start"`
	Clock     bool      `json:"clock"`
	Speed     float64   `json:"speed,omitempty"`
	Silent    bool      `json:"silent,omitempty"`
	Files     []listed  `json:"files"`
	Missing   []missing `json:"missing,omitempty"` // cameras without a file
}

// listed is a file of a ZIP.
type listed struct {
	Name   string    `json:"name"`
	Camera string    `json:"camera"`
	From   time.Time `json:"from"` // of its pictures
	To     time.Time `json:"to"`
	Bytes  int64     `json:"bytes"`
	SHA256 string    `json:"sha256"`
	Gaps   []hole    `json:"gaps"`
}

// hole is a stretch of time of which a file has nothing.
type hole struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason string    `json:"reason"`
}

type missing struct {
	Camera string `json:"camera"`
	Reason string `json:"reason"`
}

// bundle writes a ZIP with a clip of each camera and a manifest. Its files are
// stored as they are, since videos do not become smaller.
func (w *work) bundle(ctx context.Context, out io.Writer) error {
	z := zip.NewWriter(out)
	m := manifest{
		Framegate: w.exports.options.Version, Export: w.job.ID, By: w.job.By.Name, Made: time.Now().UTC(),
		From: w.request.From.UTC(), To: w.request.To.UTC(), Start: w.request.Start, Clock: w.request.Clock, Speed: w.request.Speed, Silent: w.request.Silent, Files: []listed{},
	}
	for i, camera := range w.request.Cameras {
		w.part = i
		err := w.movie(ctx, camera, func(c movie) error {
			file, err := w.pack(ctx, z, camera, c)
			m.Files = append(m.Files, file)
			return err
		})
		switch {
		case errors.Is(err, clip.ErrNothing), errors.Is(err, playback.ErrNothing), errors.Is(err, errUndecodable):
			m.Missing = append(m.Missing, missing{camera, wordsFor(err)})
		case err != nil:
			return err
		}
		w.progress(1)
	}
	if len(m.Files) == 0 {
		return clip.ErrNothing
	}
	if err := m.write(z); err != nil {
		return err
	}
	return z.Close()
}

// pack puts a clip into a ZIP.
func (w *work) pack(ctx context.Context, z *zip.Writer, camera string, c movie) (listed, error) {
	l := listed{Name: c.name, Camera: camera, From: c.from.UTC(), To: c.to.UTC(), Bytes: c.Size(), Gaps: []hole{}}
	file, err := z.CreateHeader(&zip.FileHeader{Name: l.Name, Method: zip.Store, Modified: c.to.In(w.zone)})
	if err != nil {
		return l, err
	}
	sum := sha256.New()
	if err := w.copy(ctx, io.MultiWriter(file, sum), c.Clip); err != nil {
		return l, err
	}
	l.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if w.exports.options.Gaps == nil {
		return l, nil
	}
	gaps, err := w.exports.options.Gaps(ctx, camera, w.request.From, w.request.To)
	for _, g := range gaps {
		l.Gaps = append(l.Gaps, hole{g.From.UTC(), g.To.UTC(), g.Reason})
	}
	return l, err
}

// write puts the manifest into a ZIP.
func (m *manifest) write(z *zip.Writer) error {
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	file, err := z.CreateHeader(&zip.FileHeader{Name: "manifest.json", Method: zip.Store, Modified: m.Made})
	if err == nil {
		_, err = file.Write(append(b, '\n'))
	}
	return err
}
