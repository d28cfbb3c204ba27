import { createApp } from "vue";
import App from "./App.vue";
import { watchHealth } from "./health.ts";
import { router } from "./router.ts";
import "./styles.css";

watchHealth();
createApp(App).use(router).mount("#app");
