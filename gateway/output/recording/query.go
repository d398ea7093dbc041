package recording

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"framegate/gateway/instant"
	"framegate/gateway/playback/clip"
)

// Errors of this package, for the router's table.
var (
	// ErrBadQuery: what is asked for is not understood.
	ErrBadQuery = errors.New("bad query")
	// ErrNotMade: it is understood, and not to be had yet.
	ErrNotMade = errors.New("not to be had")
)

// query is what a request asks for.
type query struct {
	clip.Request
	zone   *time.Location
	joined bool // a playlist has discontinuities at other formats alone
	moves  bool // from or to is another moment each time it is read
}

// parse reads a query, for names in a zone unless it says another.
func parse(values url.Values, zone *time.Location, now time.Time) (q query, err error) {
	q.zone = zone
	if name := values.Get("tz"); name != "" {
		if q.zone, err = time.LoadLocation(name); err != nil {
			return q, fmt.Errorf("%w: tz %.40q is no zone; one is Europe/Berlin", ErrBadQuery, name)
		}
	}
	if q.From, err = moment(values, "from", now); err != nil {
		return q, err
	}
	if q.To, err = moment(values, "to", now); err != nil {
		return q, err
	}
	if !q.From.Before(q.To) {
		return q, fmt.Errorf("%w: to must be later than from", ErrBadQuery)
	}
	q.From, q.To = q.From.In(q.zone), q.To.In(q.zone)
	q.moves = instant.Relative(values.Get("from")) || instant.Relative(values.Get("to"))
	if q.Exact, err = exact(values.Get("start")); err != nil {
		return q, err
	}
	if q.Speed, err = speed(values.Get("speed")); err != nil {
		return q, err
	}
	switch values.Get("subtitles") {
	case "":
	case "1":
		q.Subtitles = q.zone
	default:
		return q, fmt.Errorf("%w: subtitles can be 1, or left out", ErrBadQuery)
	}
	switch values.Get("sound") {
	case "":
	case "off":
		q.Silent = true
	default:
		return q, fmt.Errorf("%w: sound can be off, or left out", ErrBadQuery)
	}
	if q.Subtitles != nil && q.Speed > 1 {
		return q, fmt.Errorf("%w: a timelapse has no subtitles", ErrBadQuery)
	}
	return q, nil
}

// moment reads a time.
func moment(values url.Values, name string, now time.Time) (time.Time, error) {
	t, err := instant.Parse(values.Get(name), now)
	if err != nil {
		return t, fmt.Errorf("%w: %s %w", ErrBadQuery, name, err)
	}
	return t, nil
}

func exact(start string) (bool, error) {
	switch start {
	case "", "keyframe":
		return false, nil
	case "exact":
		return true, nil
	case "encode":
		return false, fmt.Errorf("%w: encoding takes time, and is asked for at /api/v1/exports; start=exact begins at the same picture, without encoding", ErrNotMade)
	}
	return false, fmt.Errorf("%w: start %.20q is neither keyframe nor exact", ErrBadQuery, start)
}

func speed(text string) (float64, error) {
	if text == "" {
		return 1, nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n == 1 || n >= 2 && n <= clip.MaxSpeed) {
		return 0, fmt.Errorf("%w: speed %.20q is not a number from 2 to %d", ErrBadQuery, text, clip.MaxSpeed)
	}
	return n, nil
}
