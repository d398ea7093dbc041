package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"framegate/gateway/api/events"
	"framegate/gateway/auth"
	"framegate/gateway/journal"
)

// logPause is how long listeners are not told again that something was logged.
const logPause = time.Second

func (a *API) registerLog(r registrar) {
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/log", auth.Admin}, id: "read-log", tag: "server",
		summary: "Read the newest of the log",
		about: "The last thousand lines, or 512 KiB of them, since the start; long ones are cut. The log itself, on the standard error, has all. " +
			"Who follows it asks with last of the answer before as after, when the event log_added comes.",
	}, a.readLog)
}

// logRecord is a line of the log.
type logRecord struct {
	Number     uint64            `json:"number" doc:"the next line's is one more, whatever its level"`
	At         time.Time         `json:"at"`
	Level      string            `json:"level" enum:"debug,info,warn,error"`
	Message    string            `json:"message" example:"source ended"`
	Attributes map[string]string `json:"attributes" doc:"what it says besides" example:"{\"stream\":\"front\"}"`
}

type logAnswer struct {
	Records []logRecord `json:"records" nullable:"false" doc:"the newest last"`
	Last    uint64      `json:"last" doc:"the number of the last line there is, of whatever level; after a restart they begin anew, and who asks for what is behind a number that there was not yet gets all"`
}

func (a *API) readLog(_ context.Context, in *struct {
	After uint64 `query:"after" doc:"only lines behind that of this number"`
	Level string `query:"level" enum:"debug,info,warn,error" default:"debug" doc:"only lines of this level or a worse one"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"1000" doc:"how many at most, the newest"`
}) (*struct{ Body logAnswer }, error) {
	return &struct{ Body logAnswer }{a.logged(in.After, in.Level, in.Limit)}, nil
}

// logged gives what was logged behind a line, of a level or worse.
func (a *API) logged(after uint64, level string, most int) logAnswer {
	var least slog.Level
	_ = least.UnmarshalText([]byte(level)) // it is one of four
	answer := logAnswer{Records: []logRecord{}}
	kept, last := a.options.Journal.After(after)
	answer.Last = last
	for _, r := range kept {
		if r.Level >= least {
			answer.Records = append(answer.Records, logRecordOf(r))
		}
	}
	answer.Records = answer.Records[max(0, len(answer.Records)-most):]
	return answer
}

func logRecordOf(r journal.Record) logRecord {
	record := logRecord{
		Number: r.Number, At: r.Time.UTC(), Level: strings.ToLower(r.Level.String()), Message: r.Message, Attributes: make(map[string]string),
	}
	for _, attribute := range r.Attributes {
		record.Attributes[attribute.Key] = attribute.Value
	}
	return record
}

// tellOfLog tells listeners now and then that something was logged, until ctx is done.
func (a *API) tellOfLog(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.options.Journal.Added():
			a.listeners.Tell(events.Event{Kind: events.LogAdded, At: time.Now().UTC()})
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(logPause):
		}
	}
}
