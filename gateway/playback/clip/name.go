package clip

import (
	"strconv"
	"time"
)

// Name gives a name for the file, with times of a zone:
// front_2026-11-20_14-05-10_to_14-07-00.mp4. What was asked for beyond what there
// is is not in it.
func (c *Clip) Name(zone *time.Location) string {
	from, to := c.request.From.In(zone), c.request.To.In(zone)
	if from.Before(c.Start) {
		from = c.Start.In(zone)
	}
	if to.After(c.End) {
		to = c.End.In(zone)
	}
	return NameOf(c.request.Camera, from, to, c.request.Speed)
}

// NameOf gives a name for a file of a camera from one time to another, in their
// zones, with the speed of a timelapse where that is above 1.
func NameOf(camera string, from, to time.Time, speed float64) string {
	name := camera + "_" + Between(from, to)
	if speed > 1 {
		name += "_" + strconv.FormatFloat(speed, 'f', -1, 64) + "x"
	}
	return name + ".mp4"
}

// Between gives a stretch of time as it stands in names of files.
func Between(from, to time.Time) string {
	const day, clock = "2006-01-02", "15-04-05"
	end := to.Format(clock)
	if from.Format(day) != to.Format(day) {
		end = to.Format(day + "_" + clock)
	}
	return from.Format(day+"_"+clock) + "_to_" + end
}
