package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"framegate/gateway/api/openapi"
	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/store"
)

const (
	// maxSettingsBytes bounds what is kept of settings.
	maxSettingsBytes = 64 << 10
	// maxSettingTries bounds how often a change is begun anew since others made one.
	maxSettingTries = 5
)

func (a *API) registerSettings(r registrar) {
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/settings", auth.Admin}, id: "get-settings", tag: "settings",
		summary: "Show the settings",
		about: "Those in effect, who gave them, and what takes a restart. The configuration file and the environment go before what is given here. " +
			"Cameras have addresses of their own.",
	}, a.getSettings)
	add(r, operation{
		Route: Route{http.MethodPatch, "/api/v1/settings", auth.Admin}, id: "change-settings", tag: "settings", free: openapi.WholeBody,
		summary: "Change settings",
		about: "Only what is named changes, all of it or nothing; null, an empty text or an empty list takes away what was given here. A value is what GET gives, or text as it would stand in the configuration file, " +
			"such as 8MiB or 1m30s. It is in effect at once, or after a restart where GET says so, and at all nodes of a cluster. With If-Match it changes only what you read. " +
			"What the file or the environment gives is changed there, and so is what GET says is not for the app.",
		problems: []int{http.StatusConflict, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, a.changeSettings)
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/settings/forecast", auth.Admin}, id: "forecast-settings", tag: "settings", free: openapi.WholeBody,
		summary: "Say what a change of settings would do",
		about: "Takes what PATCH takes, refuses what that refuses, and changes nothing: it says what would take a restart, and which recordings would be deleted at once. " +
			"What is deleted cannot be had again.",
		problems: []int{http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, a.forecastSettings)
}

// settingsForecast is what a change would do.
type settingsForecast struct {
	Restart []string       `json:"restart" nullable:"false" doc:"keys of what was sent that take a restart"`
	Deleted erasedForecast `json:"deleted" doc:"what recordings.max_bytes and recordings.min_free would delete as soon as that is saved: of a cluster, at this node"`
}

// setting is one key of the configuration.
type setting struct {
	Key     string   `json:"key" doc:"as it stands in the configuration file" example:"limits.viewers"`
	Value   any      `json:"value" doc:"in effect: a text, a number, or a list of texts"`
	Default any      `json:"default" doc:"what it is where nobody gives it"`
	Origin  string   `json:"origin" enum:"default,app,file,environment,command_line" doc:"who gave it: the strongest of those there are, which are in the order of their strength"`
	Place   string   `json:"place,omitempty" doc:"where: the file and the line, the variable, or the flag"`
	App     bool     `json:"app" doc:"whether it may be given here, where nothing stronger gives it"`
	Kind    string   `json:"kind" enum:"text,word,number,bytes,duration,list,sections" doc:"what it is: a text, one of words, a whole number, a number of bytes, a time, a list of texts, or more than that"`
	Words   []string `json:"words,omitempty" nullable:"false" doc:"what it is one of, or a list of some of"`
	Restart bool     `json:"restart" doc:"whether a change takes a restart"`
	Waiting bool     `json:"waiting" doc:"whether it is given another value, which waits for one"`
	Next    any      `json:"next,omitempty" doc:"that value"`
	Left    string   `json:"left,omitempty" doc:"why what was given here is left out"`
}

type settingsBody struct {
	Settings []setting `json:"settings" nullable:"false"`
	Revision string    `json:"revision" doc:"which state of what was given here this is; in quotes it is the ETag"`
	Refused  *refused  `json:"refused,omitempty" doc:"why the file, as it is now, is not in effect"`
}

// refused is why the last reload was.
type refused struct {
	Text string     `json:"text" doc:"each mistake with its place in the file, a line each"`
	At   *time.Time `json:"at,omitempty"`
}

type settingsAnswer struct {
	ETag string `header:"ETag" doc:"which state of what was given here this is, for If-Match"`
	Body settingsBody
}

// givenSettings is what is to be given, by key.
type givenSettings struct{ freeObject }

// Schema says so in the document.
func (givenSettings) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Examples: []any{map[string]any{"limits.viewers": 50, "recordings.max_bytes": "500GB", "hosts": nil}}}
}

// waiting gives the keys whose values take a restart.
func (s Settings) waiting() []string {
	keys := []string{}
	if s.Wanted == nil {
		return keys
	}
	for _, of := range config.Settings() {
		if of.Restart && !of.Same(s.Config, s.Wanted) {
			keys = append(keys, of.Key)
		}
	}
	return keys
}

func (a *API) getSettings(ctx context.Context, _ *nothing) (*settingsAnswer, error) {
	rows, err := a.options.Store.Settings(ctx)
	if err != nil {
		return nil, err
	}
	return a.settingsOf(rows), nil
}

// settingsOf gives the settings there are, where the store has these rows.
func (a *API) settingsOf(rows map[string]string) *settingsAnswer {
	answer := &settingsAnswer{Body: a.settingsNow()}
	answer.Body.Revision = settingsRevision(rows)
	answer.ETag = settingsTag(answer.Body.Revision)
	return answer
}

// settingsNow gives the settings there are.
func (a *API) settingsNow() (body settingsBody) {
	now := a.options.Gateway.Settings()
	usual, waiting, wanted := config.Usual(now.Config), now.waiting(), now.Wanted
	if wanted == nil {
		wanted = now.Config
	}
	for _, s := range config.Settings() {
		by, where := wanted.Given(s.Key)
		one := setting{
			Key: s.Key, Value: s.Value(now.Config), Default: s.Value(usual), Origin: string(by), Place: where,
			App: s.App, Kind: string(s.Kind), Words: s.Words(), Restart: s.Restart, Waiting: slices.Contains(waiting, s.Key),
		}
		if one.Waiting {
			one.Next = s.Value(wanted)
		}
		if left := now.Left[s.Key]; left != nil {
			one.Left = left.Error()
		}
		body.Settings = append(body.Settings, one)
	}
	if now.Refused != nil {
		body.Refused = &refused{Text: now.Refused.Error(), At: timeOf(now.RefusedAt)}
	}
	return body
}

// settingsRevision says which state of what was given this is.
func settingsRevision(rows map[string]string) string {
	text, _ := json.Marshal(rows) // in the order of keys
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

func settingsTag(revision string) string { return `"` + revision + `"` }

// KeptSettings reads what the store has of settings, and says of what cannot be read why.
func KeptSettings(rows map[string]string) (kept config.Kept, broken map[string]error) {
	kept, broken = make(config.Kept, len(rows)), make(map[string]error)
	for key, text := range rows {
		var texts []string
		if err := json.Unmarshal([]byte(text), &texts); err != nil {
			broken[key] = err
			continue
		}
		kept[key] = texts
	}
	return kept, broken
}

// rowsOf is the other way of KeptSettings.
func rowsOf(kept config.Kept) map[string]string {
	rows := make(map[string]string, len(kept))
	for key, texts := range kept {
		text, _ := json.Marshal(texts) // of texts there is always one
		rows[key] = string(text)
	}
	return rows
}

func (a *API) changeSettings(ctx context.Context, in *struct {
	IfMatch string `header:"If-Match" doc:"the ETag of what is to be changed; without it, whatever is there is"`
	Body    givenSettings
}) (*settingsAnswer, error) {
	p, host := principalOf(ctx), nameOfServer(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writePatience)
	defer cancel()
	a.setting.Lock()
	defer a.setting.Unlock()
	for range maxSettingTries { // another node may have changed them, of which this one hears as it writes
		answer, err := a.changeSettingsOnce(ctx, p, host, in.IfMatch, in.Body)
		if !errors.Is(err, store.ErrConflict) {
			return answer, err
		}
	}
	return nil, errSettingsChanged()
}

// changeSettingsOnce changes settings on top of what the store has. The error is
// store.ErrConflict where that became something else meanwhile.
func (a *API) changeSettingsOnce(ctx context.Context, p auth.Principal, host, ifMatch string, body givenSettings) (*settingsAnswer, error) {
	before, err := a.options.Store.Settings(ctx)
	if err != nil {
		return nil, err
	}
	if !matchesTag(ifMatch, settingsTag(settingsRevision(before))) {
		return nil, errSettingsChanged()
	}
	kept, _ := KeptSettings(before)
	next, err := a.wished(kept, body)
	if err != nil {
		return nil, err
	}
	if maps.EqualFunc(kept, next, slices.Equal) {
		return a.settingsOf(before), nil
	}
	if _, err := a.fits(kept, next, host); err != nil {
		return nil, err
	}
	rows := rowsOf(next)
	if err := a.keepSettings(ctx, before, rows, next); err != nil {
		return nil, err
	}
	a.log.Info("settings changed", "to", changesOf(kept, next), "by", p.String())
	return a.settingsOf(rows), nil
}

func (a *API) forecastSettings(ctx context.Context, in *struct{ Body givenSettings }) (*struct{ Body settingsForecast }, error) {
	rows, err := a.options.Store.Settings(ctx)
	if err != nil {
		return nil, err
	}
	kept, _ := KeptSettings(rows)
	next, err := a.wished(kept, in.Body)
	if err != nil {
		return nil, err
	}
	would, err := a.fits(kept, next, nameOfServer(ctx))
	if err != nil {
		return nil, err
	}
	forecast := settingsForecast{Restart: []string{}}
	now := a.options.Gateway.Settings().Config
	for _, s := range config.Settings() {
		if s.Restart && !s.Same(now, would) && !slices.Equal(kept[s.Key], next[s.Key]) {
			forecast.Restart = append(forecast.Restart, s.Key)
		}
	}
	r := would.Recordings
	if a.options.Recordings == nil || r.MaxBytes == now.Recordings.MaxBytes && r.MinFree == now.Recordings.MinFree {
		return &struct{ Body settingsForecast }{forecast}, nil
	}
	deleted, err := a.options.Recordings.ForecastAll(ctx, r)
	if err != nil && !errors.Is(err, ErrNotHere) { // where nothing is recorded, nothing goes
		return nil, err
	}
	forecast.Deleted = erasedForecast{deleted.Segments, deleted.Bytes, timeOf(deleted.From), timeOf(deleted.To)}
	return &struct{ Body settingsForecast }{forecast}, nil
}

// nameOfServer gives by which name whoever asks knows the server; "" where that is not known.
func nameOfServer(ctx context.Context) string {
	host, _ := ctx.Value(hostKey{}).(string)
	return host
}

// changesOf says in a line what is given now that was not before. Secrets are not for the
// app.
func changesOf(before, next config.Kept) string {
	var changes []string
	for _, s := range config.Settings() {
		texts, given := next[s.Key]
		if _, was := before[s.Key]; !given && was {
			changes = append(changes, s.Key+": default")
		} else if given && !slices.Equal(texts, before[s.Key]) {
			changes = append(changes, s.Key+": "+strings.Join(texts, " "))
		}
	}
	return strings.Join(changes, ", ")
}

func errSettingsChanged() error {
	return problem.New(http.StatusPreconditionFailed, "the settings were changed meanwhile; read them again")
}

// matchesTag says whether If-Match allows to change what has this ETag (RFC 9110 section
// 13.1.1).
func matchesTag(ifMatch, tag string) bool {
	if ifMatch == "" {
		return true
	}
	for one := range strings.SplitSeq(ifMatch, ",") {
		if one = strings.TrimSpace(one); one == "*" || one == tag {
			return true
		}
	}
	return false
}

// wished gives what is to be given in the app after a change.
func (a *API) wished(kept config.Kept, body givenSettings) (config.Kept, error) {
	var wish map[string]json.RawMessage
	if err := json.Unmarshal(body.freeObject, &wish); err != nil {
		return nil, faulty("body", "takes an object of keys and values")
	}
	now := a.options.Gateway.Settings()
	if now.Wanted != nil {
		now.Config = now.Wanted
	}
	next := maps.Clone(kept)
	wrong := problem.New(http.StatusUnprocessableEntity, "the settings cannot be taken")
	elsewhere := problem.New(http.StatusConflict, "some of that is given in the configuration file or the environment; change it there").Coded(problem.OfFile)
	for _, key := range slices.Sorted(maps.Keys(wish)) {
		s, known := config.FindSetting(key)
		by, where := now.Config.Given(key)
		texts, err := s.Texts(wish[key])
		_, was := kept[key]
		switch {
		case was && len(texts) == 0 && err == nil || was && string(wish[key]) == "null":
			delete(next, key) // also where it means nothing any more
		case !known:
			wrong.Errors = append(wrong.Errors, problem.Fault{Location: "body." + key, Detail: "is no key of the configuration"})
		case !s.App:
			elsewhere.Errors = append(elsewhere.Errors, problem.Fault{Location: "body." + key, Detail: "is for the configuration file and the environment alone"})
		case by != config.OriginDefault && by != config.OriginApp:
			elsewhere.Errors = append(elsewhere.Errors, problem.Fault{Location: "body." + key, Detail: "is given by " + where + ", which goes before what is given here; change it there, or take it away there"})
		case err != nil:
			wrong.Errors = append(wrong.Errors, problem.Fault{Location: "body." + key, Detail: err.Error()})
		case len(texts) == 0:
			delete(next, key)
		default:
			next[key] = texts
		}
	}
	size := 0
	for key, text := range rowsOf(next) {
		size += len(key) + len(text)
	}
	switch {
	case len(wrong.Errors) > 0:
		return nil, wrong
	case len(elsewhere.Errors) > 0:
		return nil, elsewhere
	case size > maxSettingsBytes:
		return nil, problem.New(http.StatusRequestEntityTooLarge, fmt.Sprintf("all settings that are given here are %d bytes at most", maxSettingsBytes))
	}
	return next, nil
}

// fits gives what would be configured, and refuses what is not to be given in the app: what the configuration as a whole does
// not take, at its field, and what would keep off who asks by this name.
func (a *API) fits(before, next config.Kept, host string) (*config.Config, error) {
	would, left, err := a.options.Gateway.FitSettings(next)
	if err != nil {
		return nil, problem.New(http.StatusConflict, "the configuration file has mistakes, so that nothing can be changed: "+err.Error())
	}
	was := a.options.Gateway.Settings().Left
	wrong := problem.New(http.StatusUnprocessableEntity, "the settings cannot be taken")
	for _, key := range slices.Sorted(maps.Keys(left)) {
		if was[key] == nil || !slices.Equal(before[key], next[key]) { // else it was left out before, and stays so
			wrong.Errors = append(wrong.Errors, problem.Fault{Location: "body." + key, Detail: left[key].Error()})
		}
	}
	if host != "" && holds(before["hosts"], host) && !holds(next["hosts"], host) {
		wrong.Errors = append(wrong.Errors, problem.Fault{Location: "body.hosts", Detail: "lacks " + host + ", by which you came; come by an address or another name to take it away"})
	}
	if texts, is := next["default_camera"]; is && !slices.Equal(texts, before["default_camera"]) {
		if c, err := a.find(texts[0]); err != nil || c.Source.Kind != config.SourceUpload {
			wrong.Errors = append(wrong.Errors, problem.Fault{Location: "body.default_camera", Detail: "must be the id of a camera that takes uploads"})
		}
	}
	if len(wrong.Errors) > 0 {
		return nil, wrong
	}
	return would, nil
}

// holds says whether a list has a name, whatever its case.
func holds(names []string, name string) bool {
	return slices.ContainsFunc(names, func(one string) bool { return strings.EqualFold(one, name) })
}

// keepSettings has the store keep what is given, and puts it into effect. If that fails, the
// store is put back.
func (a *API) keepSettings(ctx context.Context, before, rows map[string]string, next config.Kept) error {
	if err := a.options.Store.SetSettings(ctx, before, rows); err != nil {
		return err
	}
	if err := a.options.Gateway.TakeSettings(next); err != nil {
		p := notTaken(err)
		if err := a.options.Store.SetSettings(ctx, rows, before); err != nil {
			a.log.Error("settings that could not be put into effect stay in the state", "err", err)
			p.Detail = "it was kept, but could not be put into effect: " + p.Cause.Error()
		}
		return p
	}
	return nil
}
