import { createRouter, createWebHistory } from "vue-router";
import AboutPage from "./pages/AboutPage.vue";
import BudgetPage from "./pages/BudgetPage.vue";
import BudgetsPage from "./pages/BudgetsPage.vue";
import NotFoundPage from "./pages/NotFoundPage.vue";

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: "/", component: BudgetsPage, meta: { title: "Budgets" } },
    { path: "/budgets/:id", component: BudgetPage, props: true, meta: { title: "Budget" } },
    { path: "/about", component: AboutPage, meta: { title: "About" } },
    { path: "/:path(.*)*", component: NotFoundPage, meta: { title: "Not found" } },
  ],
});

router.afterEach((to) => {
  document.title = `${String(to.meta.title)} – Agatha Budgets`;
});
