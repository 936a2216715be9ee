"""How pages reach readers: settings, servers, kernels, the page template. It knows neither kit nor pages."""
