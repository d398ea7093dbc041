package config

import (
	"errors"
	"fmt"
	"time"
)

// Recordings says where recordings are kept, and what bounds them all.
type Recordings struct {
	Dir      string        // the folder; that of the data, and recordings behind it, where none is named
	MaxBytes int64         // of all of them; 0 is no bound
	MinFree  int64         // bytes that the disk keeps free; 0 is no floor
	Sync     Sync          // how often what was written is brought to the disk
	Segment  time.Duration // how long one file is
	Buffer   int           // bytes a recorded camera keeps in memory for a disk that stalls
}

// Sync is the time from one bringing of what was written to the disk to the
// next, which is what a failure of the power can cost.
type Sync time.Duration

// SyncAuto is as short as suits the disk.
const SyncAuto Sync = 0

// MarshalText gives it as it would be written.
func (s Sync) MarshalText() ([]byte, error) {
	if s == SyncAuto {
		return []byte("auto"), nil
	}
	return []byte(durationText(time.Duration(s))), nil
}

func readSync(v value) (Sync, error) {
	if v.text == "auto" {
		return SyncAuto, nil
	}
	d, err := durationWithin(v.text, time.Second, time.Minute)
	if err != nil {
		return 0, fmt.Errorf("%w, or auto", err)
	}
	return Sync(d), nil
}

// Record says what of a camera is recorded, and how long it is kept.
type Record struct {
	Mode     RecordMode
	Every    time.Duration // RecordPictures: from one picture to the next
	Codec    RecordCodec   // "" for RecordPictures, which are JPEGs
	Sound    RecordSound   // "" for those, too
	Schedule Schedule      // RecordScheduled: when
	Keep     Retention
}

// On says that something is recorded, at some time.
func (r Record) On() bool { return r.Mode != "" && r.Mode != RecordOff }

// RecordMode says what of a camera is recorded.
type RecordMode string

// Nothing; all; all within a schedule's hours; all, of which what nobody marks
// goes soon; or a picture now and then.
const (
	RecordOff        RecordMode = "off"
	RecordContinuous RecordMode = "continuous"
	RecordScheduled  RecordMode = "scheduled"
	RecordEvents     RecordMode = "events"
	RecordPictures   RecordMode = "pictures"
)

// RecordCodec says as what a camera is recorded.
type RecordCodec string

// H.264 and H.265 as they are, and JPEGs as H.264; all as H.264; or also JPEGs as
// the camera sends them.
const (
	RecordAuto  RecordCodec = "auto"
	RecordH264  RecordCodec = "h264"
	RecordMJPEG RecordCodec = "mjpeg"
)

// RecordSound says whether a camera's sound is recorded with its video.
type RecordSound string

// It is where the camera has some, or it is not.
const (
	RecordSoundOn  RecordSound = "on"
	RecordSoundOff RecordSound = "off"
)

// Retention says how long what is recorded of a camera is kept. What is there
// longer, or is more, is deleted, the oldest first.
type Retention struct {
	MaxAge       time.Duration // of what nobody marked; 0 is any
	MaxBytes     int64         // of all; 0 is no bound
	MarkedMaxAge time.Duration // of what is marked, not less than MaxAge; 0 is any
}

// What is kept of a camera where nothing is said of that, and what can be said.
const (
	usualEvery     = 10 * time.Second
	usualUnmarked  = 5 * time.Minute
	usualMarked    = 30 * 24 * time.Hour
	minAge, maxAge = time.Minute, 36500 * 24 * time.Hour
	minKept        = 16 << 20
	maxVolumeBytes = 1 << 50
)

// recordKeys are the keys of a camera about recording. Whatever is said stays
// good while the mode is off, so that it can be switched off for a while.
var recordKeys = []CameraKey{
	{
		Name: "record.mode", About: "what is recorded: nothing, all, all within the schedule's hours, all of which what nobody marks goes soon, or a picture now and then",
		Words: words(RecordOff, RecordContinuous, RecordScheduled, RecordEvents, RecordPictures),
		put:   func(c *Camera, text string) error { c.Record.Mode = RecordMode(text); return nil },
		text:  func(c Camera) string { return unless(c.Record.Mode, RecordOff) },
		shown: func(c Camera) string { return string(c.Record.Mode) },
		suits: func(c Camera) error {
			if c.Record.Mode == RecordScheduled && c.Record.Schedule.Hours == "" {
				return errors.New(`scheduled needs a schedule beside it, such as schedule: {zone: Europe/Berlin, hours: "mon-fri 08:00-18:00"}; or write continuous`)
			}
			return nil
		},
	},
	{
		Name: "record.every", About: "mode pictures: from one picture to the next, 1s to 24h; 10s without it", Example: "10s", MaxBytes: 40,
		put: func(c *Camera, text string) (err error) {
			c.Record.Every, err = durationWithin(text, time.Second, 24*time.Hour)
			return err
		},
		text:  func(c Camera) string { return unlessAge(c.Record.Every, usualEvery) },
		suits: onlyRecorded(RecordPictures),
		usual: func(c Camera) string {
			if c.Record.Mode != RecordPictures {
				return ""
			}
			return durationText(usualEvery)
		},
	},
	{
		Name: "record.codec", About: "as what video is recorded: auto keeps H.264 and H.265 as they are and encodes JPEGs to H.264, h264 encodes H.265 as well, and H.264 without IDR pictures, mjpeg keeps JPEGs",
		Words: words(RecordAuto, RecordH264, RecordMJPEG),
		put:   func(c *Camera, text string) error { c.Record.Codec = RecordCodec(text); return nil },
		text:  func(c Camera) string { return unless(c.Record.Codec, RecordAuto) },
		suits: onlyVideo,
	},
	{
		Name: "record.sound", About: "whether the camera's sound is recorded with its video",
		Words: words(RecordSoundOn, RecordSoundOff),
		put:   func(c *Camera, text string) error { c.Record.Sound = RecordSound(text); return nil },
		text:  func(c Camera) string { return unless(c.Record.Sound, RecordSoundOn) },
		suits: onlyVideo,
	},
	{
		Name: "record.schedule.zone", About: "mode scheduled: the time zone that the hours are of", Example: "Europe/Berlin", MaxBytes: 64,
		put: func(c *Camera, text string) error {
			c.Record.Schedule.Zone = text
			_, err := Zone(text)
			return err
		},
		text:  func(c Camera) string { return c.Record.Schedule.Zone },
		suits: scheduleWith("hours beside it, such as mon-fri 08:00-18:00", func(s Schedule) string { return s.Hours }),
	},
	{
		Name: "record.schedule.hours", About: "mode scheduled: the hours of a week, separated by commas; past midnight where they end before they begin",
		Example: "mon-fri 08:00-18:00, sat 22:00-02:00", MaxBytes: 1000, List: true,
		put: func(c *Camera, text string) error {
			c.Record.Schedule.Hours = text
			_, err := readWeek(text)
			return err
		},
		text:  func(c Camera) string { return c.Record.Schedule.Hours },
		suits: scheduleWith("zone beside it, such as Europe/Berlin or UTC", func(s Schedule) string { return s.Zone }),
	},
	{
		Name: "record.keep.max_age", About: "how old it may become: any age without it, 5m in mode events", Example: "30d", MaxBytes: 40,
		put: func(c *Camera, text string) (err error) {
			c.Record.Keep.MaxAge, err = durationWithin(text, minAge, maxAge)
			return err
		},
		text:  func(c Camera) string { return unlessAge(c.Record.Keep.MaxAge, c.Record.usualMaxAge()) },
		usual: func(c Camera) string { return ageText(c.Record.usualMaxAge()) },
	},
	{
		Name: "record.keep.max_bytes", About: "how much there may be of it: any amount without it", Example: "200GB", MaxBytes: 40,
		put: func(c *Camera, text string) (err error) {
			c.Record.Keep.MaxBytes, err = sizeWithin(text, minKept, maxVolumeBytes)
			return err
		},
		text: func(c Camera) string {
			if c.Record.Keep.MaxBytes == 0 {
				return ""
			}
			return sizeText(c.Record.Keep.MaxBytes)
		},
	},
	{
		Name: "record.keep.marked.max_age", About: "how old what is marked may become: as old as the rest without it, 30d in mode events", Example: "90d", MaxBytes: 40,
		put: func(c *Camera, text string) (err error) {
			c.Record.Keep.MarkedMaxAge, err = durationWithin(text, minAge, maxAge)
			return err
		},
		text:  func(c Camera) string { return unlessAge(c.Record.Keep.MarkedMaxAge, c.Record.usualMarkedMaxAge()) },
		suits: func(c Camera) error { return c.Record.Keep.agree() },
		usual: func(c Camera) string { return ageText(c.Record.usualMarkedMaxAge()) },
	},
}

// agree says what is wrong with the two ages.
func (r Retention) agree() error {
	switch {
	case r.MarkedMaxAge == 0:
		return nil
	case r.MaxAge == 0:
		return errors.New("means that the rest goes sooner, and that has no age; write one for it with max_age under keep, or remove this one")
	case r.MarkedMaxAge < r.MaxAge:
		return fmt.Errorf("must not be less than the %s that the rest is kept", durationText(r.MaxAge))
	}
	return nil
}

// usualMaxAge gives the age where none is given.
func (r Record) usualMaxAge() time.Duration {
	if r.Mode == RecordEvents {
		return usualUnmarked
	}
	return 0
}

// usualMarkedMaxAge gives that of what is marked, of a Record with MaxAge.
func (r Record) usualMarkedMaxAge() time.Duration {
	if r.Mode == RecordEvents {
		return max(usualMarked, r.Keep.MaxAge)
	}
	return r.Keep.MaxAge
}

// onlyRecorded refuses a key where the mode is another, and not off.
func onlyRecorded(mode RecordMode) func(Camera) error {
	return func(c Camera) error {
		if c.Record.Mode == mode || !c.Record.On() {
			return nil
		}
		return fmt.Errorf("is for mode: %s, not for %s; remove it", mode, c.Record.Mode)
	}
}

// scheduleWith refuses half of a schedule, and one that plays no part.
func scheduleWith(what string, other func(Schedule) string) func(Camera) error {
	return func(c Camera) error {
		if err := onlyRecorded(RecordScheduled)(c); err != nil {
			return err
		}
		if c.Record.Schedule != (Schedule{}) && other(c.Record.Schedule) == "" {
			return errors.New("needs " + what)
		}
		return nil
	}
}

// ageText writes an age, and "" for none.
func ageText(age time.Duration) string {
	if age == 0 {
		return ""
	}
	return durationText(age)
}

// unlessAge writes an age that is neither zero nor usual, and else "".
func unlessAge(age, usual time.Duration) string {
	if age == usual {
		return ""
	}
	return ageText(age)
}

// onlyVideo refuses what says something of video where pictures are recorded.
func onlyVideo(c Camera) error {
	if c.Record.Mode == RecordPictures {
		return errors.New("is for video, and mode: pictures writes JPEGs; remove it")
	}
	return nil
}
