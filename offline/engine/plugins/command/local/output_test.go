package local

import (
	"context"
	"slices"
	"testing"

	"agatha/toolchain/engine/command/secrets"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

func TestLogsWhatLoggingAsksFor(t *testing.T) {
	for _, c := range []struct {
		title   string
		logging *Logging
		want    []string
	}{
		{"both by default", nil, []string{"out 1", "out 2", "err"}},
		{"both", pointer(LogStdoutAndStderr), []string{"out 1", "out 2", "err"}},
		{"stdout", pointer(LogStdout), []string{"out 1", "out 2"}},
		{"stderr", pointer(LogStderr), []string{"err"}},
		{"none", pointer(LogNone), nil},
	} {
		t.Run(c.title, func(t *testing.T) {
			var got []string
			capture := newCapture(func(line string) { got = append(got, line) })
			out, errs := capture.writer(&capture.stdout, c.logging.stdout()), capture.writer(&capture.stderr, c.logging.stderr())
			// Lines arrive in pieces, and the last one without its newline.
			for _, piece := range []string{"ou", "t 1\nout", " 2\r\n"} {
				_, _ = out.Write([]byte(piece))
			}
			_, _ = errs.Write([]byte("err"))
			capture.flush()
			if !slices.Equal(got, c.want) {
				t.Errorf("logged %q, want %q", got, c.want)
			}
			if capture.stdout.String() != "out 1\nout 2\r\n" || capture.stderr.String() != "err" {
				t.Errorf("captured %q and %q", &capture.stdout, &capture.stderr)
			}
		})
	}
}

func TestLogsNothingOfASecretCommand(t *testing.T) {
	masker := secrets.NewMasker(property.NewMap(map[string]property.Value{"create": property.New("x").WithSecret(true)}))
	masker.WithholdOutput()
	// Without a Pulumi logger in the context, logging anything would panic.
	logLine(context.Background(), masker)("hunter2")
}
