package local

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"agatha/toolchain/engine/command/secrets"
)

// What an error shows of a command's output, and of the command.
const (
	errorLines   = 100
	errorBytes   = 16 << 10
	errorCommand = 400
)

// capture keeps both streams, apart and in the order of arrival, and passes whole lines to log.
type capture struct {
	mu             sync.Mutex
	stdout, stderr bytes.Buffer
	both           bytes.Buffer
	log            func(line string)
	writers        []*lineWriter
}

func newCapture(log func(string)) *capture { return &capture{log: log} }

// lineWriter is one stream's end of a capture.
type lineWriter struct {
	capture *capture
	into    *bytes.Buffer
	logged  bool
	pending []byte
}

func (c *capture) writer(into *bytes.Buffer, logged bool) io.Writer {
	w := &lineWriter{capture: c, into: into, logged: logged}
	c.writers = append(c.writers, w)
	return w
}

// Write never fails. Logging by lines is what makes masking sound: a secret never lies across two log entries.
func (w *lineWriter) Write(data []byte) (int, error) {
	w.capture.mu.Lock()
	defer w.capture.mu.Unlock()
	w.into.Write(data)
	w.capture.both.Write(data)
	if !w.logged {
		return len(data), nil
	}
	w.pending = append(w.pending, data...)
	for {
		line, rest, found := bytes.Cut(w.pending, []byte("\n"))
		if !found {
			return len(data), nil
		}
		w.capture.log(strings.TrimSuffix(string(line), "\r"))
		w.pending = rest
	}
}

// flush logs what did not end with a newline.
func (c *capture) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.writers {
		if len(w.pending) > 0 {
			c.log(string(w.pending))
			w.pending = nil
		}
	}
}

// failure words a failed run as the published plugin does, "<status>: running <command>:" and the output, but short and masked.
func failure(err error, command, output string, masker *secrets.Masker) error {
	if masker.Withheld() {
		return fmt.Errorf("%w: running a command that is a secret: its output is withheld. "+
			"Give the secret by environment or stdin, and the output is shown with the secret masked", err)
	}
	// Masked before it is cut: half a secret would not be recognised.
	command = head(masker.Mask(command), errorCommand)
	return fmt.Errorf("%w: running %q:\n%s", err, command, tail(masker.Mask(output)))
}

func head(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "..."
}

// tail is the end of text: what failed says so last.
func tail(text string) string {
	text = strings.TrimRight(text, "\n")
	lines := strings.Split(text, "\n")
	first := max(0, len(lines)-errorLines)
	kept := strings.Join(lines[first:], "\n")
	if len(kept) > errorBytes {
		kept = strings.ToValidUTF8(kept[len(kept)-errorBytes:], "")
	}
	if len(kept) == len(text) {
		return text
	}
	return "(the beginning is left out)\n" + kept
}
