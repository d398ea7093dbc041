package server

import (
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// loadEvery is how often it is looked how much the processors have to do.
const loadEvery = 2 * time.Second

// machineLoad is how much the processors of this machine have to do. The zero value
// is ready, and may be used from any goroutine.
type machineLoad struct {
	stat func() string // what the system says of it, as /proc/stat; nil reads that

	mu          sync.Mutex // guards what follows
	looked      time.Time
	busy, total uint64 // ticks, since the machine started
	part        float64
}

// now gives the part of the processors' time that was used lately, 0 to 1; 0 where
// the system does not say.
func (l *machineLoad) now() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.looked) < loadEvery {
		return l.part
	}
	l.looked = time.Now()
	busy, total := ticksOf(l.read())
	if busy >= l.busy && total > l.total {
		l.part = min(1, float64(busy-l.busy)/float64(total-l.total))
	}
	l.busy, l.total = busy, total
	return l.part
}

func (l *machineLoad) read() string {
	if l.stat != nil {
		return l.stat()
	}
	return firstOf("/proc/stat")
}

// firstOf gives the beginning of a file; "" where there is none.
func firstOf(name string) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	b := make([]byte, 256)
	n, _ := io.ReadFull(f, b)
	return string(b[:n])
}

// ticksOf reads the first line of proc_stat(5): user, nice, system, idle, iowait, irq,
// softirq and steal; guests are in the first two.
func ticksOf(stat string) (busy, total uint64) {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	if len(fields) < 6 || fields[0] != "cpu" {
		return 0, 0
	}
	for i, field := range fields[1:min(len(fields), 9)] {
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return 0, 0
		}
		total += n
		if i != 3 && i != 4 {
			busy += n
		}
	}
	return busy, total
}
