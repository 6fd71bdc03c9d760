"""The addresses that every project has. A project names its own views for the articles."""

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import path

from wire.views import world

urlpatterns = [
    path("world.svg", world, name="world"),
    path("login/", auth_views.LoginView.as_view(template_name="wire/login.html"), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
]
