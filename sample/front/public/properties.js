// Where the back end is. A deployment replaces this file; by default it is port 8000 of the host that served the page.
window.agatha = {
  backUrl: `${window.location.protocol}//${window.location.hostname}:8000`,
};
