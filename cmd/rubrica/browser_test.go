package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/rubrica/rubrica/internal/graphiql"
)

// browsers are the names under which Chromium is installed.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}

// execute is GraphiQL's play button.
const execute = chromedp.CSS(".graphiql-execute-button")

// visit is a browser with one page open.
type visit struct {
	ctx context.Context

	mu       sync.Mutex
	requests []string // addresses that the page asked for
	faults   []string // errors of its scripts
}

// newVisit starts a browser that reaches this machine alone. It is bounded in time and ends with the
// test.
func newVisit(t *testing.T) *visit {
	t.Helper()
	path := ""
	for _, name := range browsers {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	require.NotEmpty(t, path, "no Chromium on the PATH: `make test` installs it on Debian as root; otherwise install one of %v", browsers)

	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.WindowSize(1440, 900),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's refuses to work for root
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	v := &visit{ctx: ctx}
	require.NoError(t, chromedp.Do(ctx))
	require.NoError(t, chromedp.Listen(ctx, func(event any) {
		v.mu.Lock()
		defer v.mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			v.requests = append(v.requests, e.Request.URL)
		case *network.EventWebSocketCreated:
			v.requests = append(v.requests, e.URL)
		case *runtime.EventExceptionThrown:
			fault := e.ExceptionDetails.Text
			if e.ExceptionDetails.Exception != nil {
				fault += " " + e.ExceptionDetails.Exception.Description
			}
			v.faults = append(v.faults, fault)
		}
	}))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	return v
}

func (v *visit) do(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	err := chromedp.Do(v.ctx, actions...)
	if err != nil {
		v.keep(t, "failed.png")
		v.mu.Lock()
		defer v.mu.Unlock()
		require.NoError(t, err, "faults of the page: %v", v.faults)
	}
}

// keep writes a picture of the page to the artefacts of the test: `go test -artifacts` keeps them.
func (v *visit) keep(t *testing.T, name string) {
	t.Helper()
	picture, err := chromedp.Run(v.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Logf("no picture: %v", err)
		return
	}
	path := filepath.Join(t.ArtifactDir(), name)
	require.NoError(t, os.WriteFile(path, picture, 0o600))
	t.Logf("picture: %s", path)
}

// tab opens a tab of GraphiQL, runs its operation and waits until the answer holds the text.
func (v *visit) tab(t *testing.T, title, text string) {
	t.Helper()
	v.do(t,
		// A tab can also be dragged, and takes a press and a release at one instant for neither.
		chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll(".graphiql-tab-button")].find((b) => b.innerText.includes("`+title+`")).click()`),
		chromedp.WaitVisible(execute),
		chromedp.Poll[chromedp.Void](`document.title.startsWith("`+title+` ")`), // it would run this one now
		chromedp.Click(execute),
		v.answer(text),
	)
}

// answer waits until the answer that is shown holds a text. Monaco writes unbreakable spaces.
func (*visit) answer(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Poll[chromedp.Void](`document.querySelector(".graphiql-response .view-lines")?.innerText.replaceAll("\u00a0", " ").includes(` + "`" + text + "`" + `)`)
}

// The page in a real browser, which reaches nothing but this server: each kind of user's example
// answers, and the dashboard goes on by itself.
func TestGraphiQLInABrowser(t *testing.T) {
	t.Parallel()
	flags, _ := installation(t)
	url, _, log, stop := serve(t, flags...)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(log)
		}
	})
	dir := flags[1]
	must(t, "demo", dir)

	v := newVisit(t)
	v.do(t, chromedp.Navigate(url+"/graphiql"), chromedp.WaitVisible(execute))
	v.tab(t, "LearnerResults", `"stage": "COMPLETED"`)
	v.keep(t, "learner.png")
	v.tab(t, "SubmitEssay", `"stage": "QUEUED"`)
	v.tab(t, "AdvisorCohorts", `"totalCount": `)
	v.keep(t, "advisor.png")
	v.tab(t, "LiveDashboard", `"scoringActivity"`)
	must(t, "demo", dir, "--sample=strong")
	v.do(t, v.answer(`"count": 3`)) // of COMPLETED: two demos and the essay of the page
	v.keep(t, "dashboard.png")
	v.do(t, chromedp.Click(execute)) // stops the stream
	v.tab(t, "AdminOperations", `"jobs": `)
	v.keep(t, "admin.png")

	// What a visitor wrote is there again, once, and the links lead to a person's tab. GraphiQL keeps the
	// tabs a moment after they change.
	v.do(t, chromedp.Poll[chromedp.Void](`JSON.parse(localStorage.getItem("graphiql:tabState")).activeTabIndex === 4`))
	v.do(t, chromedp.Navigate(url+"/graphiql?as=arno"), chromedp.WaitVisible(execute))
	tabs, err := chromedp.Run(v.ctx, chromedp.Evaluate[int](`document.querySelectorAll(".graphiql-tab").length`))
	require.NoError(t, err)
	active, err := chromedp.Run(v.ctx, chromedp.Text(chromedp.CSS(`.graphiql-tab-active`)))
	require.NoError(t, err)
	assert.Equal(t, 5, tabs)
	assert.Contains(t, active, "AdvisorCohorts")

	v.mu.Lock()
	assert.Empty(t, v.faults)
	assert.NotEmpty(t, v.requests)
	for _, address := range v.requests {
		assert.True(t, strings.HasPrefix(address, url+"/") || strings.HasPrefix(address, "data:"), address)
	}
	v.mu.Unlock()
	require.NoError(t, chromedp.Cancel(v.ctx))
	assert.Zero(t, stop())
}

func TestExamplesOfGraphiQLAreValid(t *testing.T) {
	examples, err := graphiql.Examples(nil)
	require.NoError(t, err)
	for _, e := range examples {
		doc, errs := gqlparser.LoadQueryWithRules(schema(), e.Query, rules.NewDefaultRules())
		require.Empty(t, errs, e.Name)
		assert.Len(t, doc.Operations, 1, "%s: one operation runs without a choice", e.Name)
	}
	essay, err := exampleEssay()
	require.NoError(t, err)
	assert.NotEmpty(t, essay["text"])
}
